import { z } from 'zod';
import { OrderRef } from '../../../../activities/identity.ts';
import { Booking } from '../../../../activities/shipping.ts';
import type { EventShapes } from '../../../../platform/contract/event.ts';
import { createOutbox } from '../../../../platform/events/outbox.ts';
import { PlacedOrder } from '../order.ts';

// The subject of every event is the order's id. An event that lets the order go on carries all of it, so that no part
// has to ask another or to keep what it heard before.
//
// The platform's own functions write their events into the same outboxes, and a feed selects by type alone. So no type
// here may be one of theirs: it is `payment.declined`, since `payment.failed` is theirs, and `stock.reserved` with
// `stock.failed`, since `inventory.reserved` is theirs.

/** `reason` begins with the refusal's code. */
const Failed = OrderRef.extend({ reason: z.string() });

export const orderEvents = { 'order.created': PlacedOrder, 'order.cancelled': OrderRef } satisfies EventShapes;
export const paymentEvents = { 'payment.succeeded': PlacedOrder, 'payment.declined': Failed } satisfies EventShapes;
export const inventoryEvents = { 'stock.reserved': PlacedOrder, 'stock.failed': Failed } satisfies EventShapes;
export const shippingEvents = {
  'shipping.created': OrderRef.extend(Booking.shape),
  'shipping.failed': Failed,
} satisfies EventShapes;

export const outboxes = {
  order: createOutbox('order', orderEvents),
  payment: createOutbox('payment', paymentEvents),
  inventory: createOutbox('inventory', inventoryEvents),
  shipping: createOutbox('shipping', shippingEvents),
};
