import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef } from './identity.ts';
import { Done, type Operations, type Page, PageRequest, pageOf } from '../platform/contract/operation.ts';

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
export interface ShippingActivities {
  /** Books a parcel with the carrier. Refuses `AddressUndeliverable` and `Undone` after cancelShipment. */
  bookShipment(request: BookShipment): Promise<Booking>;
  /** Undoes bookShipment, even if it never happened: it then cannot happen any more. Refuses `AlreadyDispatched`. */
  cancelShipment(request: OrderRef): Promise<void>;
  /** Where the parcel is, asked of the carrier now and noted. Refuses `ShipmentNotFound`. */
  trackShipment(request: OrderRef): Promise<Tracking>;
}

export const shippingActivities = {
  bookShipment: { request: BookShipment, response: Booking, repeatable: true },
  cancelShipment: { request: OrderRef, response: Done, repeatable: true },
  trackShipment: { request: OrderRef, response: Tracking, repeatable: true },
} satisfies Operations<ShippingActivities>;

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
export interface ShippingRequests {
  /** Notes the carrier's news and says whose parcel it is. A parcel never moves back. Refuses `ShipmentNotFound`. */
  recordMovement(request: RecordMovement): Promise<Shipment>;
  /** For reconciliation: every shipment, by ascending order id. */
  listBooks(request: PageRequest): Promise<Page<Shipment>>;
}

export const shippingRequests = {
  recordMovement: { request: RecordMovement, response: Shipment, repeatable: true },
  listBooks: { request: PageRequest, response: pageOf(Shipment), repeatable: true },
} satisfies Operations<ShippingRequests>;

export const ShippingRefusal = z.enum([
  /** It canceled what it had told us was dispatched: a person must ask it. */
  'CarrierContradicts',
  'AddressUndeliverable',
  'AlreadyDispatched',
  'ShipmentNotFound',
  'Undone',
]);
export type ShippingRefusal = z.infer<typeof ShippingRefusal>;

const ShipmentEvent = z.object({ orderId: z.uuid(), trackingNumber: z.string().nullable() });
/** Subject: the order's id. */
export const shippingEvents = {
  'shipment.booked': ShipmentEvent,
  'shipment.canceled': ShipmentEvent,
  'shipment.dispatched': ShipmentEvent,
  'shipment.delivered': ShipmentEvent,
} satisfies EventShapes;
