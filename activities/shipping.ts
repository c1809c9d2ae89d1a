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

/** `canceled` also where it was undone before it was booked. */
export const ShipmentStatus = z.enum(['booked', 'dispatched', 'delivered', 'canceled']);
export type ShipmentStatus = z.infer<typeof ShipmentStatus>;

export const BookShipment = z.strictObject({ orderId: z.uuid(), address: ShippingAddress });
export type BookShipment = z.infer<typeof BookShipment>;
export const Booking = z.object({ trackingNumber: z.string() });
export type Booking = z.infer<typeof Booking>;
export const Tracking = z.object({ status: ShipmentStatus });
export type Tracking = z.infer<typeof Tracking>;

/**
 * What a workflow may ask of the shipping service, durably. Implemented in services/shipping/.
 * Each is named by the order and the step: a repeat changes nothing and gets the first answer.
 */
export const shippingActivities = {
  /** Books a parcel with the carrier. Refuses `AddressUndeliverable` and `Undone` after cancelShipment. */
  bookShipment: activity({ request: BookShipment, response: Booking, refuses: ['AddressUndeliverable', 'Undone'] }),
  /**
   * Undoes bookShipment, even if it never happened: it then cannot happen any more. Refuses `AlreadyDispatched`, and
   * `CarrierContradicts` where the carrier canceled a parcel that it had said was dispatched: a person must ask it.
   */
  cancelShipment: activity({ request: OrderRef, refuses: ['AlreadyDispatched', 'CarrierContradicts'] }),
  /** Where the parcel is, asked of the carrier now and noted. Refuses `ShipmentNotFound`. */
  trackShipment: activity({ request: OrderRef, response: Tracking, refuses: ['ShipmentNotFound'] }),
};
export type ShippingActivities = Implementation<typeof shippingActivities>;

/** The carrier's news of one parcel. */
export const RecordMovement = z.strictObject({
  /** The carrier's id for this piece of news: the same one again changes nothing. */
  movementId: z.string().min(1).max(100),
  trackingNumber: z.string().min(1).max(100),
  type: z.enum(['dispatched', 'delivered']),
  at: z.iso.datetime(),
});
export type RecordMovement = z.infer<typeof RecordMovement>;
export const Shipment = z.object({
  orderId: z.uuid(),
  status: ShipmentStatus,
  trackingNumber: z.string().nullable(),
});
export type Shipment = z.infer<typeof Shipment>;

/** What the shipping service can be asked at its door. */
export const shippingRequests = {
  /** Notes the carrier's news and says whose parcel it is. A parcel never moves back. Refuses `ShipmentNotFound`. */
  recordMovement: operation({ request: RecordMovement, response: Shipment, refuses: ['ShipmentNotFound'] }),
  /** For reconciliation: every shipment, by ascending order id. */
  listBooks: operation({ request: PageRequest, response: pageOf(Shipment) }),
};
export type ShippingRequests = Implementation<typeof shippingRequests>;

export type ShippingRefusal = RefusalOf<typeof shippingActivities> | RefusalOf<typeof shippingRequests>;
export const shippingRefusal = refusalFor<ShippingRefusal>();

const ShipmentEvent = z.object({ orderId: z.uuid(), trackingNumber: z.string().nullable() });
/** Subject: the order's id. */
export const shippingEvents = {
  'shipment.booked': ShipmentEvent,
  'shipment.canceled': ShipmentEvent,
  'shipment.dispatched': ShipmentEvent,
  'shipment.delivered': ShipmentEvent,
} satisfies EventShapes;
