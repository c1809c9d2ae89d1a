import type { OrderStatus } from '../../activities/order-status.ts';
import { type Parser, oneOf, record, string } from '../incoming/parsing.ts';
import { uuid } from '../incoming/values.ts';

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
export const strayParcelInput: Parser<StrayParcelInput> = record(
  {
    orderId: uuid,
    trackingNumber: string({ max: 100, pattern: /./s, wanted: 'a text of 1 to 100 characters' }),
    reported: oneOf('dispatched', 'delivered'),
    contradicts: oneOf('bookingCanceled', 'workflowEnded'),
    orderStatus: oneOf('pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action'),
  },
  { others: 'left out' },
);

/** One order, one parcel, one question to a person, however many reports come about it. */
export const strayParcelWorkflowId = (orderId: string): string => `stray-parcel-${orderId}`;
