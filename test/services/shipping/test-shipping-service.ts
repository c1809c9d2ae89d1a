import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import type { BookShipment, RecordMovement } from '../../../activities/shipping.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startCarrier } from '../../../sandbox/carrier.ts';
import { createShippingActivities } from '../../../services/shipping/activities.ts';
import type { Carrier } from '../../../services/shipping/carrier.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { createShippingRequests } from '../../../services/shipping/requests.ts';
import { createSandboxCarrier } from '../../../services/shipping/sandbox-carrier.ts';
import { freshDatabase } from '../../stage/fresh-database.ts';
import { scratchFolder } from '../../stage/test-run.ts';

/** The shipping service on its own database, and a carrier server with its own ledger. */
export async function shippingStage() {
  const database = await freshDatabase<ShippingDatabase>('shipping');
  const carrierServer = await startCarrier({
    port: 0,
    folder: mkdtempSync(path.join(scratchFolder(), 'carrier-')),
    // Nothing listens here: the tests send the carrier's reports themselves.
    callback: { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) },
    logger: createLogger('carrier', 'error'),
  });
  const carrier = createSandboxCarrier(carrierServer.url);
  const withCarrier = (changes: Partial<Carrier>) => createShippingActivities(database.db, { ...carrier, ...changes });
  return {
    database,
    carrier,
    withCarrier,
    shipping: withCarrier({}),
    /** The service with a carrier that must not be called. */
    withoutCarrier: withCarrier(uncallable),
    requests: createShippingRequests(database.db),

    /** Books at the carrier only, as if the service died before it recorded the booking. */
    async bookedAtCarrier(parcel: BookShipment): Promise<string> {
      const booked = await carrier.book(parcel);
      assert.ok('trackingNumber' in booked);
      return booked.trackingNumber;
    },

    async advance(trackingNumber: string, to?: 'delayed' | 'lost' | 'returned_to_sender'): Promise<void> {
      const { status } = await fetch(`${carrierServer.url}/shipments/${trackingNumber}/advance`, {
        method: 'POST',
        ...(to && { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ to }) }),
      });
      assert.equal(status, 200);
    },

    async carrierLedger(orderId: string): Promise<string[]> {
      const response = await fetch(`${carrierServer.url}/ledger?orderId=${orderId}`);
      const { items } = (await response.json()) as { items: { type: string }[] };
      return items.map(({ type }) => type);
    },

    /** Types of this order's events, in order, without `shipment.`. */
    async events(orderId: string): Promise<string[]> {
      const query = database.db.selectFrom('outbox').select('type').where('subject', '=', orderId);
      const rows = await query.orderBy('sequence').execute();
      return rows.map(({ type }) => type.replace('shipment.', ''));
    },

    /** The row of a parcel; of the order's first without `parcelId`. */
    shipmentOf: (orderId: string, parcelId = orderId) =>
      database.db
        .selectFrom('shipments')
        .select(['status', 'tracking_number'])
        .where('order_id', '=', orderId)
        .where(sql<boolean>`coalesce(parcel_id, order_id) = ${parcelId}`)
        .executeTakeFirst(),

    async close(): Promise<void> {
      await carrierServer.close();
      await database.drop();
    },
  };
}

export type ShippingStage = Awaited<ReturnType<typeof shippingStage>>;

/** A valid booking request for a new order. */
export const parcelTo = (postalCode = 'SW1A 1AA'): BookShipment => ({
  orderId: randomUUID(),
  address: { name: 'Ada', line1: '1 Mill Lane', line2: '', city: 'London', postalCode, country: 'GB' },
});

/** A movement as reported by the carrier, by default under a new id. */
export const movement = (trackingNumber: string, type: RecordMovement['type'], movementId: string = randomUUID()) => ({
  movementId,
  trackingNumber,
  type,
  at: '2026-11-23T10:00:00.000Z',
});

const uncallable: Carrier = {
  book: () => assert.fail('the carrier must not be called to book'),
  cancel: () => assert.fail('the carrier must not be called to cancel'),
  find: () => assert.fail('the carrier must not be called to find'),
};
