import { defineSignal } from '@temporalio/workflow';

/** What a cart's reminder is started with; `latest` where it continues with a new history. */
export interface CartReminderInput {
  customerId: string;
  latest?: CartChanged;
}

/** The task queue on which the cart service's worker runs reminders. */
export const CART_TASK_QUEUE = 'cart';

/** One customer, one cart, one reminder. */
export const cartReminderId = (customerId: string): string => `cart-${customerId}`;

/** The customer's cart has changed. */
export const cartChangedSignal = defineSignal<[CartChanged]>('cartChanged');
export interface CartChanged {
  version: number;
  empty: boolean;
  /** RFC 3339: when to remind the customer, if the cart does not change before. */
  remindAt: string;
}
