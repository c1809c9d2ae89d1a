import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import type { InventoryActivities } from '../../../activities/inventory.ts';
import type { PaymentActivities } from '../../../activities/payment.ts';
import type { ShippingActivities } from '../../../activities/shipping.ts';
import type { Asked } from '../../../bench/race/faults/customers.ts';
import { settle } from '../../../bench/race/faults/settling.ts';
import { NOTHING, standings } from '../../../bench/race/faults/standing.ts';
import type { FaultyLoad } from '../../../bench/race/faults/under-fault.ts';
import { withLockWaits } from '../../../bench/race/faults/lock-waits.ts';
import { orderMix } from '../../../bench/race/faults/order-mix.ts';
import { ledgersAt } from '../../../bench/race/ledgers.ts';
import type { Stage } from '../../../bench/race/stage.ts';
import { stockUp } from '../../../bench/race/stock.ts';
import { rowsAsSuperuser, runAsSuperuser } from '../../../bench/race/superuser.ts';
import type { UnderFaults } from '../../../bench/race/systems/system.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { startCarrier } from '../../../sandbox/carrier.ts';
import { startProcessor } from '../../../sandbox/processor.ts';
import { createInventoryActivities } from '../../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { createShippingActivities } from '../../../services/shipping/activities.ts';
import { createSandboxCarrier } from '../../../services/shipping/sandbox-carrier.ts';
import { eventually } from '../../stage/eventually.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { scratchFolder } from '../../stage/test-run.ts';

const logger = createLogger('test');
logger.silent = true;

describe('what the ledgers say of an order', () => {
  const order = orderMix(randomUUID())().order;
  const { orderId, lines, total, paymentMethod, shippingAddress } = order;
  const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const opened: { close(): Promise<void> }[] = [];
  let databases: Record<'order' | 'inventory' | 'payment' | 'shipping', FreshDatabase<unknown>>;
  let folder: string;
  let inventory: InventoryActivities;
  let payment: PaymentActivities;
  let shipping: ShippingActivities;

  before(async function () {
    this.timeout(120_000);
    const services = ['order', 'inventory', 'payment', 'shipping'] as const;
    const fresh = services.map(async (service) => [service, await freshDatabase<unknown>(service)] as const);
    databases = Object.fromEntries(await Promise.all(fresh)) as typeof databases;
    await stockUp(databases.inventory.ownerUrl);
    folder = mkdtempSync(path.join(scratchFolder(), 'standing-'));
    const processor = await startProcessor({ port: 0, folder, logger });
    const carrier = await startCarrier({
      port: 0,
      folder,
      logger,
      callback: { url: 'http://127.0.0.1:1', secret: 's' },
    });
    opened.push(processor, carrier);
    inventory = createInventoryActivities(databases.inventory.db);
    payment = createPaymentActivities({
      db: databases.payment.db,
      processor: createSandboxProcessor(processor.url),
    });
    shipping = createShippingActivities(databases.shipping.db, createSandboxCarrier(carrier.url));
  });
  after(async () => {
    for (const one of opened) await one.close();
    for (const database of Object.values(databases)) await database.drop();
  });

  const standing = async () =>
    (await standings(ledgersAt((service) => databases[service].ownerUrl, folder))).of(orderId);
  const insertOrder = (recordedAt: string) =>
    runAsSuperuser(databases.order.ownerUrl, [
      'truncate orders cascade',
      `insert into orders (id, customer_id, lines, total_minor, currency, shipping_address, payment_method, recorded_at)
       values ('${orderId}', '${order.customerId}', '[{"sku": "tea"}]', 1, 'GBP', '{}', 'pm', ${recordedAt})`,
    ]);

  it('is nothing of one that none of them knows', async () => {
    assert.deepEqual(await standing(), NOTHING);
  });

  it('is its status, unless it is a draft, which nobody was promised', async () => {
    await insertOrder('null');
    assert.deepEqual(await standing(), NOTHING);
    await insertOrder('now()');
    assert.deepEqual(await standing(), { ...NOTHING, status: 'pending' });
  });

  it('is waited for until it is decided, or until the time is over', async () => {
    const asked: Asked = { order, told: 'nothing', requests: 1, from: 0, until: 10 };
    const beganAt = performance.now();
    const now = () => performance.now() - beganAt;
    const load: FaultyLoad = { asked: [asked], strikes: [], startedAt: Date.now(), now, faultsEndedAt: 0 };
    const stage = { ledgers: ledgersAt((service) => databases[service].ownerUrl, folder) } as Stage;
    // What the system itself says is under way.
    const unfinished = new Map([[orderId, 'waits']]);
    const underFaults = { resumes: true, unfinished: async () => unfinished } as Partial<UnderFaults> as UnderFaults;
    const settled = (timeoutMs: number) => settle(load, { stage, underFaults, timeoutMs, secondLookMs: 50 });

    const { wrong, endedAt } = await settled(0);
    assert.deepEqual([[...wrong], endedAt], [[[orderId, ['stuck']]], undefined]);
    const settling = settled(20_000);
    await runAsSuperuser(databases.order.ownerUrl, [`update orders set status = 'rejected', rejection = '{}'`]);
    unfinished.clear();
    const later = await settling;
    assert.equal(later.wrong.size, 0);
    assert.notEqual(later.endedAt, undefined);
    assert.ok(Math.abs(later.standings.of(orderId).decidedAt! - Date.now()) < 10_000);
    await insertOrder('now()');
  });

  it('is what is reserved, held and booked', async () => {
    await inventory.reserveStock({ orderId, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })) });
    await payment.authorizePayment({ orderId, amount: total, paymentMethod });
    await shipping.bookShipment({ orderId, address: shippingAddress });
    const held = total.amountMinor;
    const effects = { reserved: pieces, held, heldInBooks: held, authorizations: 1, parcels: 1, parcelsInBooks: 1 };
    assert.deepEqual(await standing(), { status: 'pending', decidedAt: null, ...effects });
  });

  it('is that nothing remains of what was undone', async () => {
    await inventory.releaseStock({ orderId });
    await payment.voidPayment({ orderId });
    await shipping.cancelShipment({ orderId });
    assert.deepEqual(await standing(), { ...NOTHING, status: 'pending', authorizations: 1 });
  });
});

describe('the waits for locks', () => {
  let database: FreshDatabase<InventoryDatabase>;
  before(async () => {
    database = await freshDatabase<InventoryDatabase>('inventory');
    await stockUp(database.ownerUrl);
  });
  after(() => database.drop());

  const LOCK = 'select sku from stock order by sku limit 1 for update';

  it('are none where nobody waits', async () => {
    const { lockWaits } = await withLockWaits(database.ownerUrl, () => runAsSuperuser(database.ownerUrl, [LOCK]));
    assert.deepEqual(lockWaits, { totalSeconds: 0, longestSeconds: 0 });
  });

  it('are watched no longer when the work fails', async () => {
    const failing = withLockWaits(database.ownerUrl, async () => {
      await eventually(async () => assert.equal(await connections(), 2));
      throw new Error('no order was placed');
    });
    await assert.rejects(failing, /no order was placed/);
    await eventually(async () => assert.equal(await connections(), 1));
  });

  /** To this database, the asking one included. */
  const connections = async () => {
    const query = `select count(*)::int as count from pg_stat_activity
                   where datname = current_database() and usename = current_user`;
    return (await rowsAsSuperuser(database.ownerUrl, query))[0]!.count;
  };

  /** The waits while a statement waits for a row that another transaction keeps. */
  async function waitsOf(statement: string) {
    const holder = new pg.Client({ connectionString: database.ownerUrl });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query(LOCK);
      const startedAt = performance.now();
      const { lockWaits } = await withLockWaits(database.ownerUrl, async () => {
        const waiting = runAsSuperuser(database.ownerUrl, [statement]);
        // Three tenths of a second of waiting are enough to be seen.
        await eventually(async () => assert.equal(await hasWaited(), true));
        await holder.query('commit');
        await waiting;
      });
      return { ...lockWaits, tookSeconds: (performance.now() - startedAt) / 1_000 };
    } finally {
      await holder.end();
    }
  }

  const hasWaited = async () => {
    const query = `select coalesce(max(clock_timestamp() - waitstart) > interval '300 ms', false) as enough
                   from pg_locks where not granted`;
    return (await rowsAsSuperuser(database.ownerUrl, query))[0]!.enough;
  };

  it('are as long as another transaction keeps a row', async () => {
    const { longestSeconds, totalSeconds } = await waitsOf(LOCK);
    assert.ok(longestSeconds >= 0.1, String(longestSeconds));
    assert.equal(totalSeconds, longestSeconds);
  });

  it('do not include what the statement did before', async () => {
    const { longestSeconds, tookSeconds } = await waitsOf(`select pg_sleep(0.5); ${LOCK}`);
    assert.ok(longestSeconds >= 0.1 && longestSeconds < tookSeconds - 0.5, `${longestSeconds} of ${tookSeconds}`);
  });
});
