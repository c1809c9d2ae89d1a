import type { OutsideLedgerPage, ReadOutsideLedger } from '../../activities/outside-ledger.ts';
import type { BookShipment, Booking, ParcelRef, ShipmentStatus } from '../../activities/shipping.ts';

/**
 * The carrier, as far as we need it. Each call is identified by the parcel and the step, so a repeat changes nothing and
 * returns the first response. If the outcome is unknown, the call throws and is repeated.
 */
export interface Carrier {
  /** Books a parcel. Refused with `Canceled` if it was canceled before: it is then never booked. */
  book(request: BookShipment): Promise<BookingOutcome>;
  /** Cancels a parcel and prevents a late booking, even if we know of no booking. */
  cancel(parcel: ParcelRef): Promise<CancellationOutcome>;
  /** The current state of a parcel, or undefined if the carrier knows of none. */
  find(parcel: ParcelRef): Promise<{ status: ShipmentStatus } | undefined>;
  /** Reads its ledger of all bookings and movements. Absent: it has none that could be read as a whole, or compared. */
  readLedger?(request: ReadOutsideLedger): Promise<OutsideLedgerPage>;
}

export type BookingOutcome = Booking | { refused: 'AddressUndeliverable' | 'Canceled'; detail: string };

/** `trackingNumber` is null if there was nothing to cancel. */
export type CancellationOutcome = { trackingNumber: string | null } | { refused: 'AlreadyDispatched'; detail: string };
