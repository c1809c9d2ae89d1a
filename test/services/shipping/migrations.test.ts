import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { createShippingActivities } from '../../../services/shipping/activities.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { createShippingRequests } from '../../../services/shipping/requests.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';

describe('movements of an earlier version', () => {
  it('are not recorded again, and another parcel may be reported under their id', async () => {
    const [known, other] = [randomUUID(), randomUUID()];
    const database = await upgradedDatabase<ShippingDatabase>('shipping', '001_create_shipping', async (owner) => {
      await sql`
        insert into shipments (order_id, tracking_number, status)
        values (${known}, 'SB-1', 'dispatched'), (${other}, 'SB-2', 'booked')`.execute(owner);
      await sql`
        insert into movements (movement_id, tracking_number, type, at)
        values ('evt_1', 'SB-1', 'dispatched', now())`.execute(owner);
    });
    try {
      const report = (trackingNumber: string) =>
        createShippingRequests(database.db).recordMovement({
          movementId: 'evt_1',
          trackingNumber,
          type: 'dispatched',
          at: new Date().toISOString(),
        });
      for (const trackingNumber of ['SB-1', 'SB-2']) assert.equal((await report(trackingNumber)).status, 'dispatched');
      const { rows } = await sql`select movement_id from movements`.execute(database.db);
      assert.equal(rows.length, 2);
    } finally {
      await database.drop();
    }
  });
});

describe('shipments of an earlier version', () => {
  let database: FreshDatabase<ShippingDatabase>;
  const [earlier, meanwhile] = [randomUUID(), randomUUID()].toSorted() as [string, string];
  const address = { name: 'Ada', line1: '1 Mill Lane', line2: '', city: 'London', postalCode: 'N1', country: 'GB' };

  before(async () => {
    database = await upgradedDatabase('shipping', '002_identify_movements_by_content', async (owner) => {
      await insertAsBefore(owner, earlier, 'SB-1');
    });
  });
  after(() => database.drop());

  /** The statement of the version before. */
  const insertAsBefore = (db: Kysely<ShippingDatabase>, orderId: string, trackingNumber: string) =>
    sql`insert into shipments (order_id, tracking_number, status) select ${orderId}, ${trackingNumber}, 'booked'`.execute(
      db,
    );
  const requests = () => createShippingRequests(database.db);
  const shipping = (trackingNumber: string) =>
    createShippingActivities(database.db, {
      book: async () => ({ trackingNumber }),
      cancel: async () => ({ trackingNumber }),
      find: async () => undefined,
    });

  it('are the first parcels of their orders, also those that it still books', async () => {
    await insertAsBefore(database.db, meanwhile, 'SB-2');
    assert.deepEqual(
      (await requests().listBooks({ limit: 10 })).items,
      [earlier, meanwhile].map((orderId, index) => ({
        orderId,
        parcelId: orderId,
        status: 'booked',
        trackingNumber: `SB-${index + 1}`,
      })),
    );
  });

  it('are booked once by both versions', async () => {
    await assert.rejects(insertAsBefore(database.db, earlier, 'SB-3'), /shipments_key/);
    await assert.rejects(shipping('SB-4').bookShipment({ orderId: meanwhile, address }), /shipments_key/);
  });

  it('move, are canceled and get further parcels', async () => {
    const at = new Date().toISOString();
    const lost = { movementId: 'evt_9', trackingNumber: 'SB-1', type: 'lost' as const, at };
    assert.equal((await requests().recordMovement(lost)).status, 'lost');
    await shipping('SB-2').cancelShipment({ orderId: meanwhile });
    const parcelId = randomUUID();
    await shipping('SB-5').bookShipment({ orderId: earlier, parcelId, address });
    const { items } = await requests().listBooks({ limit: 10 });
    assert.deepEqual(items.map(({ orderId, status }) => `${orderId} ${status}`).toSorted(), [
      `${earlier} booked`,
      `${earlier} lost`,
      `${meanwhile} canceled`,
    ]);
  });
});
