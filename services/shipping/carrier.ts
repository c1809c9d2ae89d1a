import type { ShippingAddress } from '../../activities/address.ts';

/**
 * The carrier, as far as we need it. An order has one parcel at most. Each call is named by the order and the step, so
 * asking again changes nothing and gets the first answer; where the outcome is unknown it throws, and is asked again.
 */
export interface Carrier {
  /** Books a parcel. `Canceled` where the order was canceled before: it is then never booked. */
  book(request: { orderId: string; address: ShippingAddress }): Promise<BookingOutcome>;
  /** Cancels the order's parcel, and keeps it from being booked late: also where we never heard of a booking. */
  cancel(orderId: string): Promise<CancellationOutcome>;
  /** The order's parcel as the carrier sees it now, or undefined where it knows of none. */
  find(orderId: string): Promise<Parcel | undefined>;
}

export type BookingOutcome =
  { trackingNumber: string } | { refused: 'AddressUndeliverable' | 'Canceled'; detail: string };

/** `trackingNumber` is null where there was nothing to cancel. */
export type CancellationOutcome = { trackingNumber: string | null } | { refused: 'AlreadyDispatched'; detail: string };

export interface Parcel {
  trackingNumber: string;
  status: 'booked' | 'dispatched' | 'delivered' | 'canceled';
}
