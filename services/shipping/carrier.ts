import type { ShippingAddress } from '../../activities/address.ts';

/**
 * The carrier, as far as we need it. An order has at most one parcel. Each call is identified by the order and the step,
 * so a repeat changes nothing and returns the first response. If the outcome is unknown, the call throws and is repeated.
 */
export interface Carrier {
  /** Books a parcel. Refused with `Canceled` if the order was canceled before: it is then never booked. */
  book(request: { orderId: string; address: ShippingAddress }): Promise<BookingOutcome>;
  /** Cancels the order's parcel and prevents a late booking, even if we know of no booking. */
  cancel(orderId: string): Promise<CancellationOutcome>;
  /** The current state of the order's parcel, or undefined if the carrier knows of none. */
  find(orderId: string): Promise<Parcel | undefined>;
}

export type BookingOutcome =
  { trackingNumber: string } | { refused: 'AddressUndeliverable' | 'Canceled'; detail: string };

/** `trackingNumber` is null if there was nothing to cancel. */
export type CancellationOutcome = { trackingNumber: string | null } | { refused: 'AlreadyDispatched'; detail: string };

export interface Parcel {
  trackingNumber: string;
  status: 'booked' | 'dispatched' | 'delivered' | 'canceled';
}
