import type { OrderBook } from '../../activities/order.ts';

/** Where an order stands, as far as its ledgers go. */
export type Stage =
  /** A step is being done or a person is waited for: the ledgers may differ until that is over. */
  | 'underWay'
  /** Confirmed: the money is held, the goods are set aside, a parcel is booked. */
  | 'awaitingDispatch'
  /** The parcel has left: the money is taken and the goods are gone. */
  | 'dispatched'
  /** The same, and the parcel has arrived; some of it may have come back. */
  | 'delivered'
  /** Rejected or canceled: whatever was held, set aside or booked was let go again. */
  | 'undone';

/** The stage that an order's three statuses say. */
export function stageOf({ status, paymentStatus, fulfillmentStatus }: OrderBook): Stage {
  if (status === 'pending' || status === 'requires_action' || paymentStatus === 'requires_action') return 'underWay';
  if (status === 'rejected' || status === 'canceled') return 'undone';
  switch (fulfillmentStatus) {
    case 'shipped':
      // The books note the dispatch first and then the money: between the two it is being taken.
      return paymentStatus === 'authorized' ? 'underWay' : 'dispatched';
    case 'delivered':
    case 'partially_returned':
    case 'returned':
      return 'delivered';
    default:
      return 'awaitingDispatch';
  }
}

/** Whether the parcel has left: from then on the money is ours and the goods are not. */
export const hasLeft = (stage: Stage): boolean => stage === 'dispatched' || stage === 'delivered';
