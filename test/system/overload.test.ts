import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type ApiResponse, codeOf } from '../stage/api-client.ts';
import { Platform } from '../stage/test-platform.ts';
import { reconcile } from '../stage/run-reconcile.ts';
import {
  type Order,
  type ShopUser,
  signInAsAdmin,
  newCustomer,
  newProduct,
  orderRequest,
} from '../stage/shop-users.ts';
import { type TraceCollector, startTraceCollector } from '../stage/trace-collector.ts';
import { telemetryTests, tracedTo } from './telemetry.ts';

describe('more orders than the platform can process', function () {
  this.timeout(300_000);
  // The backlog may hold one second's worth of orders, so that even a fast machine cannot admit the whole burst.
  const platform = new Platform({ settings: { ORDER_BACKLOG_SECONDS: '1' } });
  const BURST = 150;
  let ada: ShopUser;
  let collector: TraceCollector;
  let stopped = false;

  before(async () => {
    collector = await startTraceCollector();
    await platform.start(tracedTo(collector));
    ada = await newCustomer(platform);
  });
  after(async () => {
    if (!stopped) await platform.killAll();
    await collector.close();
  });

  // Here, because this platform is one of its own and is killed nowhere.
  telemetryTests(platform, () => collector);

  it('are refused in part, and every admitted order is decided once', async () => {
    const sku = await newProduct(await signInAsAdmin(platform), 10_000);
    const keys = Array.from({ length: BURST }, () => randomUUID());
    const responses = await Promise.all(keys.map((key) => ada.place(orderRequest({ sku }), { key })));
    const refused = ({ status }: ApiResponse<Order>) => status === 503;
    assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([202, 503]));
    for (const response of responses.filter(refused)) {
      assert.equal(codeOf(response), 'Overloaded');
      assert.ok(Number(response.headers.get('retry-after')) >= 1);
    }
    const placed = responses.filter((response) => !refused(response));
    // A repeat of an admitted order gets its response in spite of the backlog.
    const first = responses.findIndex((response) => !refused(response));
    const repeat = await ada.place(orderRequest({ sku }), { key: keys[first]! });
    assert.deepEqual([repeat.status, repeat.body.id], [202, placed[0]!.body.id]);
    for (const { body } of placed) await ada.waitForOrder(body.id, { status: 'confirmed' });
    // A refused client that tries again later is admitted with the same key.
    const later = keys[responses.findIndex(refused)]!;
    const { id } = await ada.placeUntilAcknowledged(orderRequest({ sku }), later);
    await ada.waitForOrder(id, { status: 'confirmed' });
    const admin = await signInAsAdmin(platform);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 10_000, reserved: placed.length + 1 });
  });

  it('leave every ledger in agreement', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
    await platform.stop();
    stopped = true;
  });
});
