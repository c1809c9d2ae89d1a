import { defineSearchAttributeKey } from '@temporalio/common';
import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ShippingAddress } from '../activities/address.ts';
import type { StockLine } from '../activities/identity.ts';
import type { Lane } from '../activities/lane.ts';
import type { Money } from '../activities/money.ts';
import type { InterventionAction } from '../activities/order.ts';
import type { ReceivedLine } from '../activities/return.ts';

/** What the order workflow is started with. Names and prices stay in the order service: histories carry no more than the steps need. */
export interface OrderInput {
  orderId: string;
  customerId: string;
  lines: StockLine[];
  total: Money;
  paymentMethod: string;
  shippingAddress: ShippingAddress;
  /** Whether these lines are the customer's cart's, and leave it with the order; absent where they were given. */
  fromCart?: boolean;
}

/** What an order workflow is started with beside its input; without it the order is carried in the lane `durable`. */
export interface LaneMemo {
  lane: Lane;
}

/** What the return workflow is started with. */
export interface ReturnInput {
  returnId: string;
  orderId: string;
  customerId: string;
  lines: StockLine[];
}

/** What a cart's reminder is started with; `latest` where it goes on with a history that begins anew. */
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
  /** RFC 3339: when it will have been left alone for long enough. */
  remindAt: string;
}

/** The task queue on which the order service's worker runs both workflows. */
export const ORDER_TASK_QUEUE = 'order';

/** One order, one workflow: the server itself refuses a second one. */
export const orderWorkflowId = (orderId: string): string => `order-${orderId}`;
export const returnWorkflowId = (returnId: string): string => `return-${returnId}`;

/** Calls an order off. The validator answers `TooLateToCancel` once it is dispatched or has ended. */
export const cancelUpdate = defineUpdate<void, [CancelRequest]>('cancel');
export interface CancelRequest {
  reason?: string;
}

/** The carrier's news, in whatever order and however often it comes. */
export const parcelMovedSignal = defineSignal<[ParcelMoved]>('parcelMoved');
export interface ParcelMoved {
  status: 'dispatched' | 'delivered';
}

/** A person's answer to an intervention. The validator answers `InterventionClosed` where it is not open. */
export const resolveInterventionUpdate = defineUpdate<void, [Resolution]>('resolveIntervention');
export interface Resolution {
  interventionId: string;
  action: InterventionAction;
  note: string;
  resolvedBy: string;
}

/** The goods of a return are back. The validator answers `AlreadyReceived` and `NotInReturn`. */
export const receiveReturnUpdate = defineUpdate<void, [{ lines: ReceivedLine[] }]>('receiveReturn');

/** What the workflow of a webhook's delivery is started with. */
export interface WebhookDeliveryInput {
  deliveryId: string;
  /** A delivery that has come to its end may be begun again. */
  round: number;
}

/** The task queue on which the webhook service's worker runs its deliveries. */
export const WEBHOOK_TASK_QUEUE = 'webhook';

/** One delivery, one workflow at a time. */
export const webhookWorkflowId = (deliveryId: string): string => `webhook-${deliveryId}`;

/** A person does not want to wait for the next attempt. */
export const retryNowSignal = defineSignal('retryNow');

/** Filters for the Temporal Web UI's lists. */
export const orderStatusAttribute = defineSearchAttributeKey('OrderStatus', 'KEYWORD');
export const customerIdAttribute = defineSearchAttributeKey('CustomerId', 'KEYWORD');
