import type { FulfillmentStatus, PaymentStatus } from '../../../activities/order-status.ts';
import type { OrderReference } from './layout.ts';

/** An order that was not sold, and what is left of it. Older events do not say what is left. */
export interface EndedOrder extends OrderReference {
  paymentStatus?: PaymentStatus;
  fulfillmentStatus?: FulfillmentStatus;
}

const NOTHING_CHARGED = 'Nothing has been charged.';
const SEE_ORDER = 'Your order shows the state of its payment.';

const MONEY: Readonly<Record<PaymentStatus, string>> = {
  not_paid: NOTHING_CHARGED,
  awaiting_customer: NOTHING_CHARGED,
  canceled: `${NOTHING_CHARGED} The money reserved on your card has been released; your bank may take a few days to show it.`,
  // A person has taken over the authorization.
  requires_action: `${NOTHING_CHARGED} The money reserved on your card could not be released automatically; our staff has taken this over.`,
  authorized: `${NOTHING_CHARGED} The money is still reserved on your card.`,
  partially_captured: SEE_ORDER,
  captured: SEE_ORDER,
  partially_refunded: SEE_ORDER,
  refunded: SEE_ORDER,
};

/** Says what is true of the customer's money and goods, and no more. */
export const whatIsLeft = ({ paymentStatus = 'not_paid', fulfillmentStatus }: EndedOrder): string[] => [
  MONEY[paymentStatus],
  // A person has taken over the parcel.
  ...(fulfillmentStatus === 'booked'
    ? ['The parcel could not be stopped automatically; our staff has taken this over.']
    : []),
];
