import { z } from 'zod';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { StoredBody, performOnce, replyWith } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import { ledgerRoute } from '../server.ts';
import { DETOURS, type Parcels } from './parcels.ts';
import { simulatedFaultAt } from './postal-codes.ts';
import { ENTRY_COLUMNS } from './tables.ts';

const line = z.string().max(200);
const OrderId = z.string().min(1).max(100);
const ParcelRef = z.strictObject({
  orderId: OrderId,
  /** Absent: the order's first parcel, whose id is the order's. */
  parcelId: z.string().min(1).max(100).optional(),
});
const Booking = z.strictObject({
  ...ParcelRef.shape,
  address: z.strictObject({
    name: line,
    line1: line,
    line2: line.optional(),
    city: line,
    postalCode: z.string().trim().min(1).max(20).optional(),
    country: z.string().regex(/^[A-Z]{2}$/),
  }),
});

/** The carrier's API. */
export const carrierRoutes = (db: SqliteFile, parcels: Parcels): AnyRoute[] => [
  bookingRoute(db, parcels),
  cancellationRoute(db, parcels),
  shipmentsRoute(parcels),
  advanceRoute(parcels),
  ledgerRoute(db, ENTRY_COLUMNS),
];

const bookingRoute = (db: SqliteFile, parcels: Parcels): AnyRoute =>
  route({
    method: 'post',
    path: '/shipments',
    operationId: 'book',
    summary: 'Books a parcel, once per Idempotency-Key and parcel. Without a parcelId it is the first of its order',
    tag: 'parcels',
    access: 'public',
    idempotent: true,
    body: Booking,
    responses: { 201: { description: 'The parcel', body: StoredBody } },
    problems: { 409: ['Canceled', 'AlreadyBooked'], 422: ['AddressUndeliverable', 'IdempotencyKeyReused'] },
    async handle({ body, idempotencyKey }) {
      const key = idempotencyKey!;
      const request = { key, action: 'booking', subject: subjectOf(body), payload: body };
      const fault = simulatedFaultAt(body.address.postalCode);
      return replyWith(await performOnce(db, request, fault, () => parcels.book(body, key)));
    },
  });

const cancellationRoute = (db: SqliteFile, parcels: Parcels): AnyRoute =>
  route({
    method: 'post',
    path: '/cancellations',
    operationId: 'cancel',
    summary: 'Cancels a parcel. If it was not booked, it cannot be booked later',
    tag: 'parcels',
    access: 'public',
    idempotent: true,
    body: ParcelRef,
    responses: { 201: { description: 'The cancellation', body: StoredBody } },
    problems: { 409: ['AlreadyDispatched'], 422: ['IdempotencyKeyReused'] },
    async handle({ body, idempotencyKey }) {
      const key = idempotencyKey!;
      const request = { key, action: 'cancellation', subject: subjectOf(body), payload: body };
      return replyWith(await performOnce(db, request, {}, () => parcels.cancel(body, key)));
    },
  });

/** Simulated faults are counted per parcel. */
const subjectOf = ({ orderId, parcelId = orderId }: z.infer<typeof ParcelRef>): string => parcelId;

const shipmentsRoute = (parcels: Parcels): AnyRoute =>
  route({
    method: 'get',
    path: '/shipments',
    operationId: 'listShipments',
    summary: "Lists an order's parcels",
    tag: 'parcels',
    access: 'public',
    query: z.strictObject({ orderId: OrderId }),
    responses: { 200: { description: 'Parcels', body: StoredBody } },
    handle: async ({ query }) => ({ status: 200, body: { items: parcels.ofOrder(query.orderId) } }),
  });

const advanceRoute = (parcels: Parcels): AnyRoute =>
  route({
    method: 'post',
    path: '/shipments/:trackingNumber/advance',
    operationId: 'advance',
    summary: "Moves a parcel one step, or to `delayed`, `lost` or `returned_to_sender`, as the carrier's staff would",
    tag: 'parcels',
    access: 'public',
    params: z.object({ trackingNumber: z.string() }),
    body: z.strictObject({ to: z.enum(DETOURS).optional() }).optional(),
    responses: { 200: { description: 'The parcel', body: StoredBody } },
    problems: { 404: ['NotFound'], 409: ['CannotAdvance'] },
    handle: async ({ params, body }) => replyWith(parcels.advance(params.trackingNumber, body?.to)),
  });
