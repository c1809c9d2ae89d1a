import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from '../platform/contract/event.ts';
import { OutsideLedger, ReadOutsideLedger } from './outside-ledger.ts';
import {
  type Implementation,
  PageRequest,
  type RefusalOf,
  activity,
  operation,
  pageOf,
} from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import { Time } from './time.ts';

/**
 * `canceled`: also if it was canceled before it was booked. `lost`: it may be found again, and is then `delivered` or
 * `returned_to_sender`. These two and `canceled` are final.
 */
export const ShipmentStatus = z.enum([
  'booked',
  'dispatched',
  'delayed',
  'lost',
  'returned_to_sender',
  'delivered',
  'canceled',
]);
export type ShipmentStatus = z.infer<typeof ShipmentStatus>;

/** A parcel of an order. `parcelId` absent: the order's first, whose id is the order's. */
export const ParcelRef = z.strictObject({ orderId: z.uuid(), parcelId: z.uuid().optional() });
export type ParcelRef = z.infer<typeof ParcelRef>;

export const BookShipment = z.strictObject({ ...ParcelRef.shape, address: ShippingAddress });
export type BookShipment = z.infer<typeof BookShipment>;
export const Booking = z.object({
  trackingNumber: z.string(),
  /** When the carrier promises to deliver by. Absent: it has promised nothing. */
  promisedBy: z.iso.datetime().optional(),
});
export type Booking = z.infer<typeof Booking>;
export const Tracking = z.object({ status: ShipmentStatus });
export type Tracking = z.infer<typeof Tracking>;

/**
 * What workflows call on the shipping service, durably. Implemented in services/shipping/.
 * Each effect is identified by the parcel and the step. A repeat changes nothing and returns the first response.
 */
export const shippingActivities = {
  /** Books a parcel with the carrier. Refuses `AddressUndeliverable` and `Undone` after cancelShipment. */
  bookShipment: activity({ request: BookShipment, response: Booking, refuses: ['AddressUndeliverable', 'Undone'] }),
  /**
   * Compensates bookShipment, even if it never happened: it then cannot happen any more. Refuses `AlreadyDispatched`,
   * and `CarrierContradicts` if the carrier canceled a parcel that it had reported as dispatched: a person must ask it.
   */
  cancelShipment: activity({ request: ParcelRef, refuses: ['AlreadyDispatched', 'CarrierContradicts'] }),
  /**
   * Asks the carrier for the parcel's status and records it. A repeat asks again.
   * Refuses `ShipmentNotFound` if nothing was booked.
   */
  trackShipment: activity({ request: ParcelRef, response: Tracking, refuses: ['ShipmentNotFound'] }),
};
export type ShippingActivities = Implementation<typeof shippingActivities>;

/** The carrier's report about one parcel. */
export const RecordMovement = z.strictObject({
  /** The carrier's id of the report. The same id about another parcel or movement is another report. */
  movementId: z.string().min(1).max(100),
  trackingNumber: z.string().min(1).max(100),
  type: z.enum(['dispatched', 'delivered', 'delayed', 'lost', 'returned_to_sender']),
  at: Time,
});
export type RecordMovement = z.infer<typeof RecordMovement>;
/** A parcel of an order. `trackingNumber` is null if it was canceled before it was booked. */
export const Shipment = z.object({
  orderId: z.uuid(),
  /** The order's id for its first parcel. */
  parcelId: z.uuid(),
  status: ShipmentStatus,
  trackingNumber: z.string().nullable(),
  promisedBy: z.iso.datetime().optional(),
});
export type Shipment = z.infer<typeof Shipment>;

/** What the shipping service's HTTP API offers. */
export const shippingRequests = {
  /**
   * Records the carrier's report and returns the parcel's shipment. A parcel's status never goes back, and a canceled
   * parcel stays `canceled`: the report then contradicts what the carrier said before. A parcel that has moved at all was
   * dispatched, whichever report comes first. Refuses `ShipmentNotFound`; the report is kept all the same, for a booking
   * that is about to be written.
   */
  recordMovement: operation({ request: RecordMovement, response: Shipment, refuses: ['ShipmentNotFound'] }),
  /**
   * For reconciliation: every shipment, by ascending order id and parcel id. `limit` counts orders: the parcels of one are
   * on the same page. Refuses `BadCursor`.
   */
  listBooks: operation({ request: PageRequest, response: pageOf(Shipment), refuses: ['BadCursor'] }),
  /** For reconciliation: the carrier's own ledger. A fault if the carrier does not respond. */
  readCarrierLedger: operation({ request: ReadOutsideLedger, response: OutsideLedger }),
};
export type ShippingRequests = Implementation<typeof shippingRequests>;

export type ShippingRefusal = RefusalOf<typeof shippingActivities> | RefusalOf<typeof shippingRequests>;
export const shippingRefusal = refusalFor<ShippingRefusal>();

/** An event from before an order could have several parcels has no `parcelId`: it is about the order's first. */
const ShipmentEvent = z.preprocess(
  (data) => ({ parcelId: (data as Partial<ParcelRef> | null)?.orderId, ...(data as object) }),
  z.object({ orderId: z.uuid(), parcelId: z.uuid(), trackingNumber: z.string().nullable() }),
);
/** Events of the shipping service. Their subject is the order's id. */
export const shippingEvents = {
  'shipment.booked': ShipmentEvent,
  'shipment.canceled': ShipmentEvent,
  'shipment.dispatched': ShipmentEvent,
  'shipment.delayed': ShipmentEvent,
  'shipment.lost': ShipmentEvent,
  'shipment.returned_to_sender': ShipmentEvent,
  'shipment.delivered': ShipmentEvent,
} satisfies EventShapes;
