import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { createShippingRequests } from '../../../services/shipping/requests.ts';
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
