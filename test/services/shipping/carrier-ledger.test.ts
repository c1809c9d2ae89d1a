import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Running } from '../../../platform/process.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startCarrier } from '../../../sandbox/carrier.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { createShippingRequests } from '../../../services/shipping/requests.ts';
import { createSandboxCarrier } from '../../../services/shipping/sandbox-carrier.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { scratchFolder } from '../../stage/test-run.ts';

const address = { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 1AA', country: 'GB' };

describe('the carrier’s own ledger', () => {
  let sandbox: Running & { url: string };
  let database: FreshDatabase<ShippingDatabase>;
  before(async function () {
    this.timeout(60_000);
    const folder = path.join(scratchFolder(), `carrier-${randomUUID()}`);
    database = await freshDatabase<ShippingDatabase>('shipping');
    // Nothing listens there: no test here moves a parcel.
    const callback = { url: 'http://127.0.0.1:2/callbacks', secret: 'a secret of the carrier' };
    sandbox = await startCarrier({ port: 0, folder, callback, logger: createLogger('carrier', 'error') });
  });
  after(async () => {
    await sandbox.close();
    await database.drop();
  });

  it('is read page by page, or of one order, where the sandbox has it', async () => {
    const carrier = createSandboxCarrier(sandbox.url);
    const { readCarrierLedger } = createShippingRequests(database.db, carrier);
    const orderIds = [randomUUID(), randomUUID(), randomUUID()];
    for (const orderId of orderIds) await carrier.book({ orderId, address });
    const first = (await readCarrierLedger({ limit: 2 })).page!;
    const second = (await readCarrierLedger({ limit: 2, after: first.next! })).page!;
    const entries = [...first.items, ...second.items] as { orderId: string; type: string }[];
    assert.deepEqual(
      entries.map(({ orderId, type }) => [orderId, type]),
      orderIds.map((orderId) => [orderId, 'booking']),
    );
    assert.equal(second.next, null);
    const { page } = await readCarrierLedger({ limit: 2, orderId: orderIds[2]! });
    assert.deepEqual([page!.items, page!.next], [[entries[2]], null]);
  });

  it('is none where a carrier keeps none that can be read, which is said', async () => {
    assert.deepEqual(await createShippingRequests(database.db, {}).readCarrierLedger({ limit: 1 }), { page: null });
  });
});
