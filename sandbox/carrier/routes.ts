import { z } from 'zod';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { AsDecided, type Trouble, perform, replyWith } from '../outcomes.ts';
import type { Books } from '../sqlite.ts';
import { ledgerRoute } from '../server.ts';
import { ENTRY_COLUMNS, type Parcels } from './parcels.ts';

const line = z.string().max(200);
const OrderId = z.string().min(1).max(100);
const Booking = z.strictObject({
  orderId: OrderId,
  address: z.strictObject({
    name: line,
    line1: line,
    line2: line.optional(),
    city: line,
    postalCode: z.string().trim().min(1).max(20),
    country: z.string().regex(/^[A-Z]{2}$/),
  }),
});

const TROUBLES = new Map<string, Trouble>([
  ['00503', { unavailable: true }],
  ['00408', { drops: true }],
]);

/** The carrier's API. */
export const carrierRoutes = (books: Books, parcels: Parcels): AnyRoute[] => [
  bookingRoute(books, parcels),
  cancellationRoute(books, parcels),
  shipmentsRoute(parcels),
  advanceRoute(parcels),
  ledgerRoute(books, ENTRY_COLUMNS),
];

const bookingRoute = (books: Books, parcels: Parcels): AnyRoute =>
  route({
    method: 'post',
    path: '/shipments',
    operationId: 'book',
    summary: 'Books a parcel, once for each Idempotency-Key and order',
    tag: 'parcels',
    access: 'public',
    idempotent: true,
    body: Booking,
    responses: { 201: { description: 'The parcel', body: AsDecided } },
    problems: { 409: ['Canceled', 'AlreadyBooked'], 422: ['AddressUndeliverable', 'IdempotencyKeyReused'] },
    async handle({ body, idempotencyKey }) {
      const key = idempotencyKey!;
      const asking = { key, action: 'booking', subject: body.orderId, payload: body };
      const trouble = TROUBLES.get(body.address.postalCode) ?? {};
      return replyWith(await perform(books, asking, trouble, () => parcels.book(body, key)));
    },
  });

const cancellationRoute = (books: Books, parcels: Parcels): AnyRoute =>
  route({
    method: 'post',
    path: '/cancellations',
    operationId: 'cancel',
    summary: "Cancels an order's parcel, also one that was never booked: it then cannot be any more",
    tag: 'parcels',
    access: 'public',
    idempotent: true,
    body: z.strictObject({ orderId: OrderId }),
    responses: { 201: { description: 'The cancellation', body: AsDecided } },
    problems: { 409: ['AlreadyDispatched'], 422: ['IdempotencyKeyReused'] },
    async handle({ body, idempotencyKey }) {
      const key = idempotencyKey!;
      const asking = { key, action: 'cancellation', subject: body.orderId, payload: body };
      return replyWith(await perform(books, asking, {}, () => parcels.cancel(body, key)));
    },
  });

const shipmentsRoute = (parcels: Parcels): AnyRoute =>
  route({
    method: 'get',
    path: '/shipments',
    operationId: 'listShipments',
    summary: "Where an order's parcels are",
    tag: 'parcels',
    access: 'public',
    query: z.strictObject({ orderId: OrderId }),
    responses: { 200: { description: 'Parcels', body: AsDecided } },
    handle: async ({ query }) => ({ status: 200, body: { items: parcels.ofOrder(query.orderId) } }),
  });

const advanceRoute = (parcels: Parcels): AnyRoute =>
  route({
    method: 'post',
    path: '/shipments/:trackingNumber/advance',
    operationId: 'advance',
    summary: "Moves a parcel one step on, as the carrier's own people would",
    tag: 'parcels',
    access: 'public',
    params: z.object({ trackingNumber: z.string() }),
    responses: { 200: { description: 'The parcel', body: AsDecided } },
    problems: { 404: ['NotFound'], 409: ['CannotAdvance'] },
    handle: async ({ params }) => replyWith(parcels.advance(params.trackingNumber)),
  });
