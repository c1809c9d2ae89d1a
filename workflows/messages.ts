import { defineSearchAttributeKey } from '@temporalio/common';
import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ShippingAddress } from '../activities/address.ts';
import type { StockLine } from '../activities/identity.ts';
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
}

/** What the return workflow is started with. */
export interface ReturnInput {
  returnId: string;
  orderId: string;
  customerId: string;
  lines: StockLine[];
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

/** Filters for the Temporal Web UI's lists. */
export const orderStatusAttribute = defineSearchAttributeKey('OrderStatus', 'KEYWORD');
export const customerIdAttribute = defineSearchAttributeKey('CustomerId', 'KEYWORD');
