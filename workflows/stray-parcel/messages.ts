import type { OrderStatus } from '../../activities/order-status.ts';
import { type Parser, oneOf, record, string } from '../incoming/parsing.ts';
import { counts, uuid } from '../incoming/values.ts';

/** What the workflow about a stray parcel is started with. */
export interface StrayParcelInput {
  orderId: string;
  /** Absent: the order's first parcel. */
  parcelId?: string;
  trackingNumber: string;
  /** The carrier's report. */
  reported: 'dispatched' | 'delivered' | 'delayed' | 'lost' | 'returned_to_sender';
  /** What the report contradicts. */
  contradicts: 'bookingCanceled' | 'workflowEnded';
  /** The status of the order when the report came. */
  orderStatus: OrderStatus;
  /** Where the workflow begins again with a history of its own: what is to be asked, and how often each step has had each outcome. */
  resumption?: StrayParcelResumption | undefined;
}
interface StrayParcelResumption {
  detail: string;
  historyCounts: Record<string, number>;
}
const resumption: Parser<StrayParcelResumption> = record(
  { detail: string(), historyCounts: counts },
  { others: 'left out' },
);
export const strayParcelInput: Parser<StrayParcelInput> = record(
  {
    orderId: uuid,
    trackingNumber: string({ max: 100, pattern: /./s, wanted: 'a text of 1 to 100 characters' }),
    reported: oneOf('dispatched', 'delivered', 'delayed', 'lost', 'returned_to_sender'),
    contradicts: oneOf('bookingCanceled', 'workflowEnded'),
    orderStatus: oneOf('pending', 'confirmed', 'completed', 'rejected', 'canceled', 'requires_action'),
  },
  { optional: { parcelId: uuid, resumption }, others: 'left out' },
);

/** One parcel, one question to a person, however many reports come about it. The first parcel has its order's id. */
export const strayParcelWorkflowId = (parcelId: string): string => `stray-parcel-${parcelId}`;
