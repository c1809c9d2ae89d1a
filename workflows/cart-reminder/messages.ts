import { defineSignal } from '@temporalio/workflow';
import { type Parser, boolean, integer, record } from '../incoming/parsing.ts';
import { utcTime, uuid } from '../incoming/values.ts';

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
export const cartChanged: Parser<CartChanged> = record(
  { version: integer({ min: 1 }), empty: boolean, remindAt: utcTime },
  { others: 'left out' },
);

export const cartReminderInput: Parser<CartReminderInput> = record(
  { customerId: uuid },
  { optional: { latest: cartChanged }, others: 'left out' },
);
