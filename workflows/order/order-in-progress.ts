import type { DisplayedHistory } from '../saga/displayed-history.ts';
import type { Saga } from '../saga/saga.ts';
import type { Cancellation } from './cancellation.ts';
import type { PaymentNews } from './customer-confirmation.ts';
import type { OrderInput } from './messages.ts';
import type { Parcel } from './parcel.ts';

/** One order as its workflow knows it. */
export interface OrderInProgress {
  input: OrderInput;
  history: DisplayedHistory;
  saga: Saga;
  parcel: Parcel;
  paymentNews: PaymentNews;
  cancellation: Cancellation;
}
