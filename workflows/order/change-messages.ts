import { defineUpdate } from '@temporalio/workflow';
import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { ParcelAction } from '../../activities/parcel.ts';
import { type Parser, integer, list, oneOf, record, string } from '../incoming/parsing.ts';
import { paymentMethod, shippingAddress, stockLines, uuid } from '../incoming/values.ts';

// Changes of a confirmed order. All validators refuse `TooLateToChange` (it has left or ended), `NotChangeableNow` (it is not
// confirmed yet, a person must decide, it waits for another payment method, or it is about to begin again with a history of its
// own) and `InvalidRequest`. A change that a service
// does not answer is given up: `ServiceUnavailable`.

/** Divides what has not left into these parcels. Refuses `LinesDiffer` and `TooMany` parcels. */
export const splitUpdate = defineUpdate<void, [SplitRequest]>('split');
export interface SplitRequest {
  parcels: { lines: StockLine[] }[];
}
export const splitRequest: Parser<SplitRequest> = record(
  { parcels: list(record({ lines: stockLines }), { min: 1, max: 20 }) },
  { others: 'left out' },
);

/** Sends everything to another address. Refuses `VersionChanged` and `AddressUndeliverable`. */
export const changeAddressUpdate = defineUpdate<void, [AddressRequest]>('changeAddress');
export interface AddressRequest {
  shippingAddress: ShippingAddress;
  /** The order's version that the caller has seen. */
  version?: number | undefined;
}
export const addressRequest: Parser<AddressRequest> = record(
  { shippingAddress },
  { optional: { version: integer({ min: 0 }) }, others: 'left out' },
);

/** Cancels some pieces. Refuses `TooMany`. If nothing is left of the order, it is canceled. */
export const cancelLinesUpdate = defineUpdate<void, [CancelLinesRequest]>('cancelLines');
export interface CancelLinesRequest {
  lines: StockLine[];
  reason?: string | undefined;
}
export const cancelLinesRequest: Parser<CancelLinesRequest> = record(
  { lines: stockLines },
  { optional: { reason: string({ max: 500 }) }, others: 'left out' },
);

/** Decides about a parcel that is lost or came back. Refuses `NothingToResolve`, and `OutOfStock` of `resend`. */
export const resolveParcelUpdate = defineUpdate<void, [ResolveParcelRequest]>('resolveParcel');
export interface ResolveParcelRequest {
  parcelId: string;
  action: ParcelAction;
  note: string;
  resolvedBy: string;
}
// What the order service stores of a text.
const storedText = string({ max: 1000 });
export const resolveParcelRequest: Parser<ResolveParcelRequest> = record(
  { parcelId: uuid, action: oneOf('resend', 'refund', 'wait'), note: storedText, resolvedBy: storedText },
  { others: 'left out' },
);

/** Names another payment method while the order waits for one. Refuses `CardDeclined` and `InsufficientFunds`. */
export const changePaymentMethodUpdate = defineUpdate<void, [PaymentMethodRequest]>('changePaymentMethod');
export interface PaymentMethodRequest {
  paymentMethod: string;
  /** Who names it: of an order that was placed as a guest, perhaps an account. Absent: whoever placed the order. */
  customerId?: string | undefined;
}
export const paymentMethodRequest: Parser<PaymentMethodRequest> = record(
  { paymentMethod },
  { optional: { customerId: uuid }, others: 'left out' },
);
