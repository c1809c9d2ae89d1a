import type { OrderStatus } from '../../activities/order-status.ts';

/** What the workflow about a stray parcel is started with. */
export interface StrayParcelInput {
  orderId: string;
  trackingNumber: string;
  /** The carrier's report. */
  reported: 'dispatched' | 'delivered';
  /** What the report contradicts. */
  contradicts: 'bookingCanceled' | 'workflowEnded';
  /** The status of the order when the report came. */
  orderStatus: OrderStatus;
}

/** One order, one parcel, one question to a person, however many reports come about it. */
export const strayParcelWorkflowId = (orderId: string): string => `stray-parcel-${orderId}`;
