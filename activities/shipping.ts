import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef } from './identity.ts';
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

/** `canceled`: also if it was canceled before it was booked. */
export const ShipmentStatus = z.enum(['booked', 'dispatched', 'delivered', 'canceled']);
export type ShipmentStatus = z.infer<typeof ShipmentStatus>;

export const BookShipment = z.strictObject({ orderId: z.uuid(), address: ShippingAddress });
export type BookShipment = z.infer<typeof BookShipment>;
export const Booking = z.object({ trackingNumber: z.string() });
export type Booking = z.infer<typeof Booking>;
export const Tracking = z.object({ status: ShipmentStatus });
export type Tracking = z.infer<typeof Tracking>;

/**
 * What workflows call on the shipping service, durably. Implemented in services/shipping/.
 * Each effect is identified by the order and the step. A repeat changes nothing and returns the first response.
 */
export const shippingActivities = {
  /** Books a parcel with the carrier. Refuses `AddressUndeliverable` and `Undone` after cancelShipment. */
  bookShipment: activity({ request: BookShipment, response: Booking, refuses: ['AddressUndeliverable', 'Undone'] }),
  /**
   * Compensates bookShipment, even if it never happened: it then cannot happen any more. Refuses `AlreadyDispatched`,
   * and `CarrierContradicts` if the carrier canceled a parcel that it had reported as dispatched: a person must ask it.
   */
  cancelShipment: activity({ request: OrderRef, refuses: ['AlreadyDispatched', 'CarrierContradicts'] }),
  /**
   * Asks the carrier for the parcel's status and records it. A repeat asks again.
   * Refuses `ShipmentNotFound` if nothing was booked.
   */
  trackShipment: activity({ request: OrderRef, response: Tracking, refuses: ['ShipmentNotFound'] }),
};
export type ShippingActivities = Implementation<typeof shippingActivities>;

/** The carrier's report about one parcel. */
export const RecordMovement = z.strictObject({
  /** The carrier's id of the report. The same id about another parcel or movement is another report. */
  movementId: z.string().min(1).max(100),
  trackingNumber: z.string().min(1).max(100),
  type: z.enum(['dispatched', 'delivered']),
  at: Time,
});
export type RecordMovement = z.infer<typeof RecordMovement>;
/** An order's parcel. `trackingNumber` is null if it was canceled before it was booked. */
export const Shipment = z.object({
  orderId: z.uuid(),
  status: ShipmentStatus,
  trackingNumber: z.string().nullable(),
});
export type Shipment = z.infer<typeof Shipment>;

/** What the shipping service's HTTP API offers. */
export const shippingRequests = {
  /**
   * Records the carrier's report and returns the parcel's shipment. A parcel's status never goes back, and a canceled
   * parcel stays `canceled`: the report then contradicts what the carrier said before. Refuses `ShipmentNotFound`; the report is kept all the same, for a booking that is about to be written.
   */
  recordMovement: operation({ request: RecordMovement, response: Shipment, refuses: ['ShipmentNotFound'] }),
  /** For reconciliation: every shipment, by ascending order id. Refuses `BadCursor`. */
  listBooks: operation({ request: PageRequest, response: pageOf(Shipment), refuses: ['BadCursor'] }),
};
export type ShippingRequests = Implementation<typeof shippingRequests>;

export type ShippingRefusal = RefusalOf<typeof shippingActivities> | RefusalOf<typeof shippingRequests>;
export const shippingRefusal = refusalFor<ShippingRefusal>();

const ShipmentEvent = z.object({ orderId: z.uuid(), trackingNumber: z.string().nullable() });
/** Events of the shipping service. Their subject is the order's id. */
export const shippingEvents = {
  'shipment.booked': ShipmentEvent,
  'shipment.canceled': ShipmentEvent,
  'shipment.dispatched': ShipmentEvent,
  'shipment.delivered': ShipmentEvent,
} satisfies EventShapes;
