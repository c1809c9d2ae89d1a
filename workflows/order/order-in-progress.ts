import type { ShippingAddress } from '../../activities/address.ts';
import type { DisplayedHistory } from '../saga/displayed-history.ts';
import type { Saga } from '../saga/saga.ts';
import type { Cancellation } from './cancellation.ts';
import type { PaymentNews } from './customer-confirmation.ts';
import type { Hold } from './hold.ts';
import type { ChangeAnswer, OrderInput } from './messages.ts';
import type { Parcels } from './parcels.ts';
import type { Turns } from './turns.ts';

/** One order as its workflow knows it. */
export interface OrderInProgress {
  input: OrderInput;
  history: DisplayedHistory;
  saga: Saga;
  parcels: Parcels;
  /** What happens to parcels and money of a confirmed order happens one thing at a time. */
  turns: Turns;
  hold: Hold;
  paymentNews: PaymentNews;
  cancellation: Cancellation;
  /** Where the parcels go. */
  shippingAddress: ShippingAddress;
  /** What became of changes, by the ids of their updates. */
  answered: Map<string, ChangeAnswer>;
  phase: 'placing' | 'confirmed' | 'ended';
  /** The end of the return window, once every parcel has arrived. */
  returnableUntil?: string | undefined;
}
