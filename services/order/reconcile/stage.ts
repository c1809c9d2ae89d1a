import type { OrderSummary } from '../../../activities/order.ts';

/** An order's progress, as far as it decides what its ledgers must record. */
export type Stage =
  /** A step is running, or the order waits for a person: until then the ledgers may differ. */
  | 'inProgress'
  /** Confirmed: the payment is authorized, the stock reserved, the shipment booked. */
  | 'awaitingDispatch'
  /** The parcel was dispatched: the payment is captured and the stock committed. */
  | 'dispatched'
  /** The parcel was delivered; some of it may have been returned. */
  | 'delivered'
  /** Rejected or canceled: every step that was done has been compensated. */
  | 'compensated';

/**
 * Derives the stage from an order's three statuses. Of one whose payment a person has taken over it says how far the goods are.
 */
export function stageOf({ status, paymentStatus, underlyingPaymentStatus, fulfillmentStatus }: OrderSummary): Stage {
  if (status === 'pending' || status === 'requires_action') return 'inProgress';
  // Its customer names another payment method, or confirms one.
  if (paymentStatus === 'awaiting_customer') return 'inProgress';
  if (status === 'rejected' || status === 'canceled') return 'compensated';
  switch (fulfillmentStatus) {
    case 'partially_shipped':
    case 'partially_delivered':
    case 'lost':
    case 'returned_to_sender':
    // Nothing arrived of what has left, and nothing is on its way any more.
    case 'canceled':
    case 'shipped':
      // The order service records the dispatch before the capture: between the two the payment is being captured.
      return (underlyingPaymentStatus ?? paymentStatus) === 'authorized' ? 'inProgress' : 'dispatched';
    case 'delivered':
    case 'partially_returned':
    case 'returned':
      return 'delivered';
    default:
      return 'awaitingDispatch';
  }
}

/**
 * Whether the payment stays marked although nobody is asked: a person has taken it over, and what they did with the money is in no
 * ledger of ours; or what was taken back is not collected.
 */
export const isPaymentTakenOver = ({ status, paymentStatus }: OrderSummary): boolean =>
  paymentStatus === 'requires_action' && status !== 'requires_action';

/**
 * Whether the order's workflow must run. `requires_action` does not tell: perhaps only the workflow of a return or of a
 * stray parcel waits for a person.
 */
export const needsWorkflow = ({ status }: OrderSummary): boolean => status === 'pending' || status === 'confirmed';

/** Whether the parcel was dispatched: from then on the payment is captured and the stock committed. */
export const isDispatched = (stage: Stage): boolean => stage === 'dispatched' || stage === 'delivered';
