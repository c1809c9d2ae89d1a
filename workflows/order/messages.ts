import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { Lane } from '../../activities/lane.ts';
import type { Money } from '../../activities/money.ts';

/** What the order workflow is started with. Names and prices stay in the order service: the steps do not need them. */
export interface OrderInput {
  orderId: string;
  customerId: string;
  lines: StockLine[];
  total: Money;
  paymentMethod: string;
  shippingAddress: ShippingAddress;
  /** Whether the lines come from the customer's cart and leave it with the order. Absent: they were given. */
  fromCart?: boolean;
}

/** The memo of an order workflow. Without it the order takes the lane `durable`. */
export interface LaneMemo {
  lane: Lane;
}

/** One order, one workflow: the server itself refuses a second one. */
export const orderWorkflowId = (orderId: string): string => `order-${orderId}`;

/** Cancels an order. The validator refuses `TooLateToCancel` once it is dispatched or has ended. */
export const cancelUpdate = defineUpdate<void, [CancelRequest]>('cancel');
export interface CancelRequest {
  reason?: string;
}

/** An update from the carrier. They may come in any order and more than once. */
export const parcelMovedSignal = defineSignal<[ParcelMoved]>('parcelMoved');
export interface ParcelMoved {
  status: 'dispatched' | 'delivered';
}
