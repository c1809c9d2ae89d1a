import assert from 'node:assert/strict';
import type { Api } from '../../tools/api/client.ts';
import { Unreachable } from '../../tools/api/client.ts';
import { withSession } from '../../tools/api/session.ts';
import { typedClient } from '../../tools/api/typed-client.ts';
import { deliverParcel } from '../../tools/replay/carrier.ts';
import { type ReplayOptions, replay } from '../../tools/replay/replay.ts';
import { type Report, Summary } from '../../tools/replay/summary.ts';
import type { RecordRunOptions } from '../../tools/record-run.ts';
import { customersWith } from '../../tools/shop/customer.ts';
import type { Shop } from '../../tools/shop/shop.ts';
import { aRun, aShop } from './builders.ts';
import { FakeShop, noProgress } from './fake-shop.ts';

const toCustomer = customersWith('a secret that nobody else knows at all');

/** A platform with accounts for these customers. */
function platformFor(...customerIds: (string | undefined)[]): FakeShop {
  const platform = new FakeShop();
  for (const { email, password } of customerIds.map(toCustomer)) platform.users.set(email, password);
  return platform;
}

type Different = Partial<ReplayOptions & RecordRunOptions>;

async function run(platform: FakeShop, shop: Shop, different: Different = {}): Promise<Report> {
  const summary = new Summary();
  const run = aRun(different);
  await replay({
    invoices: shop.invoices,
    summary,
    run,
    api: platform.api,
    admin: async () => typedClient(withSession(platform.api, { email: 'admin@example.com', password: 'the admin’s' })),
    deliver: undefined,
    toCustomer,
    schedule: async () => undefined,
    progress: noProgress,
    ...different,
  });
  return summary.report({ run, unreadableLines: shop.unreadable.lines, seconds: 1 });
}

const placings = (platform: FakeShop) =>
  platform.requests.filter(({ method, path }) => method === 'POST' && path === '/v1/orders');
const delivering = (platform: FakeShop): Different => ({
  deliver: (customer, order) => deliverParcel(platform.carrier, customer, order),
});

describe('a replay', () => {
  it('places each invoice as an order of its customer, with its own idempotency key', async () => {
    const platform = platformFor('1', '2', undefined);
    const shop = aShop(
      { InvoiceNo: '1', CustomerID: '1', StockCode: 'A', Quantity: '2' },
      { InvoiceNo: '1', CustomerID: '1', StockCode: 'A', Quantity: '3' },
      { InvoiceNo: '2', CustomerID: '2', Country: 'EIRE' },
      { InvoiceNo: '3', CustomerID: '' },
    );
    const report = await run(platform, shop);
    assert.deepEqual([report.invoices, report.placed, report.byStatus], [3, 3, { confirmed: 3 }]);
    const orders = [...platform.orders.values()];
    assert.deepEqual(orders.map(({ customer }) => customer).toSorted(), [
      'customer-1@import.example',
      'customer-2@import.example',
      'walk-in@import.example',
    ]);
    assert.deepEqual(orders.find(({ customer }) => customer.startsWith('customer-1'))!.lines, [
      { sku: 'A', quantity: 5 },
    ]);
    assert.equal(orders.find(({ customer }) => customer.startsWith('customer-2'))!.country, 'IE');
    assert.deepEqual(
      new Set(placings(platform).map(({ headers }) => headers!['idempotency-key'])),
      new Set(['invoice-1', 'invoice-2', 'invoice-3']),
    );
    assert.equal(placings(platform).length, 3);
  });

  it('starts invoices in the order of the file', async () => {
    const platform = platformFor('1');
    const numbers = Array.from({ length: 30 }, (_, n) => String(500 + n));
    await run(platform, aShop(...numbers.map((InvoiceNo) => ({ InvoiceNo, CustomerID: '1' }))), { concurrency: 1 });
    assert.deepEqual(
      placings(platform).map(({ headers }) => headers!['idempotency-key']),
      numbers.map((number) => `invoice-${number}`),
    );
  });

  it('signs each customer in once', async () => {
    const platform = platformFor('1', '2');
    const rows = Array.from({ length: 20 }, (_, n) => ({ InvoiceNo: String(n), CustomerID: String(1 + (n % 2)) }));
    await run(platform, aShop(...rows));
    assert.equal(platform.requests.filter(({ path }) => path === '/v1/sessions').length, 2);
  });

  it('places nothing twice when it is repeated, and reports the same result', async () => {
    const platform = platformFor('1');
    const shop = aShop(
      { InvoiceNo: '1', CustomerID: '1', Quantity: '2' },
      { InvoiceNo: 'C2', CustomerID: '1', Quantity: '-2' },
      { InvoiceNo: '3', CustomerID: '1', Quantity: '9' },
      { InvoiceNo: 'C4', CustomerID: '1', Quantity: '-4' },
    );
    const first = await run(platform, shop, delivering(platform));
    const again = await run(platform, shop, delivering(platform));
    assert.deepEqual(again, first);
    assert.deepEqual(first.cancellations, { canceled: 1, returned: 1, unmatched: {} });
    assert.deepEqual([platform.orders.size, platform.returns.length], [2, 1]);
  });

  it('starts nothing new when it is stopped, and continues there the next time', async () => {
    const platform = platformFor('1');
    const shop = aShop(...Array.from({ length: 10 }, (_, n) => ({ InvoiceNo: String(n), CustomerID: '1' })));
    const stop = new AbortController();
    const api: Api = async (request) => {
      if (platform.orders.size === 4) stop.abort();
      return platform.api(request);
    };
    const half = await run(platform, shop, { api, stop: stop.signal, concurrency: 1 });
    assert.equal(half.outcome, 'interrupted');
    assert.ok(half.placed >= 4 && half.placed < 10, String(half.placed));
    assert.equal((await run(platform, shop)).placed, 10);
    assert.equal(platform.orders.size, 10);
  });

  it('counts orders by status and rejections by reason', async () => {
    const platform = platformFor('1');
    platform.soldOut.add('B');
    const report = await run(
      platform,
      aShop({ InvoiceNo: '1', CustomerID: '1' }, { InvoiceNo: '2', CustomerID: '1', StockCode: 'B' }),
    );
    assert.deepEqual([report.byStatus, report.byReason], [{ confirmed: 1, rejected: 1 }, { OutOfStock: 1 }]);
  });

  it('counts invoices and lines that cannot be ordered, by reason', async () => {
    const platform = platformFor('1');
    const report = await run(
      platform,
      aShop(
        { InvoiceNo: '1', CustomerID: '1', UnitPrice: '0' },
        { InvoiceNo: '2', CustomerID: '1', Quantity: '100001' },
        ...Array.from({ length: 2001 }, (_, n) => ({ InvoiceNo: '3', CustomerID: '1', StockCode: `S${n}` })),
        { InvoiceNo: '4', CustomerID: '1', StockCode: 'A', Quantity: '100001' },
        { InvoiceNo: '4', CustomerID: '1', StockCode: 'B' },
      ),
    );
    assert.deepEqual(report.skipped, { noUsableLine: 2, over2000Lines: 1 });
    assert.deepEqual(report.skippedLines, { over100000Pieces: 2 });
    assert.equal(report.placed, 1);
  });

  it('counts refused and failed requests, and continues', async () => {
    const platform = platformFor('1');
    const api: Api = async (request) => {
      const key = request.headers?.['idempotency-key'];
      if (key === 'invoice-1') throw new Unreachable('no response');
      if (key === 'invoice-2') return { status: 400, headers: new Headers(), body: { code: 'UnknownSku' } };
      return platform.api(request);
    };
    const shop = aShop(...['1', '2', '3'].map((InvoiceNo) => ({ InvoiceNo, CustomerID: '1' })));
    const report = await run(platform, shop, { api });
    assert.equal(report.outcome, 'completed');
    assert.deepEqual([report.placed, report.failed], [1, { unreachable: 1, UnknownSku: 1 }]);
  });

  it('gives any invoice number a key that a header can carry', async () => {
    const platform = platformFor('1');
    const shop = aShop(
      ...['№123', 'A 1', '№124', 'x'.repeat(300)].map((InvoiceNo) => ({ InvoiceNo, CustomerID: '1' })),
    );
    const report = await run(platform, shop);
    assert.deepEqual([report.placed, report.failures], [4, []]);
    const keys = placings(platform).map(({ headers }) => headers!['idempotency-key']!);
    assert.deepEqual(keys.slice(0, 3), ['invoice-%E2%84%96123', 'invoice-A%201', 'invoice-%E2%84%96124']);
    assert.match(keys[3]!, /^invoice-%sha256-[0-9a-f]{64}$/);
  });

  it('notes an unexpected error and continues', async () => {
    const platform = platformFor('1');
    const api: Api = async (request) => {
      if (request.headers?.['idempotency-key'] === 'invoice-1') throw new TypeError('not a header');
      return platform.api(request);
    };
    const shop = aShop(...['1', '2', '3'].map((InvoiceNo) => ({ InvoiceNo, CustomerID: '1' })));
    const report = await run(platform, shop, { api });
    assert.deepEqual([report.outcome, report.placed, report.failed], ['completed', 2, { TypeError: 1 }]);
    assert.deepEqual(report.failures, [{ record: 'invoice 1', code: 'TypeError', detail: 'not a header' }]);
  });

  it('ends when the platform is gone, and reports what it did until then', async () => {
    const platform = platformFor('1');
    const api: Api = async (request) => {
      if (request.path === '/v1/orders' && platform.orders.size === 2) throw new Unreachable('could not reach it');
      return platform.api(request);
    };
    const shop = aShop(...Array.from({ length: 9 }, (_, n) => ({ InvoiceNo: String(n), CustomerID: '1' })));
    const report = await run(platform, shop, { api, concurrency: 1, isReachable: async () => false });
    assert.deepEqual([report.outcome, report.error], ['failed', 'could not reach it']);
    assert.deepEqual([report.invoices, report.placed, report.failed], [3, 2, { unreachable: 1 }]);
  });

  it('asks to import first when a customer cannot sign in', async () => {
    const shop = aShop({ InvoiceNo: '1', CustomerID: '1' }, { InvoiceNo: '2', CustomerID: '2' });
    const report = await run(platformFor('2'), shop);
    assert.deepEqual([report.outcome, report.placed, report.failed], ['completed', 1, { BadCredentials: 1 }]);
    assert.match(report.failures[0]!.detail, /^wrong password for customer-1@.*: first run `npm run import`/);
  });

  it('notes a customer whose sign-in is refused, and continues', async () => {
    const platform = platformFor('1', '2');
    const api: Api = async (request) =>
      (request.body as { email?: string } | undefined)?.email === 'customer-1@import.example'
        ? { status: 403, headers: new Headers(), body: { code: 'Locked' } }
        : platform.api(request);
    const shop = aShop({ InvoiceNo: '1', CustomerID: '1' }, { InvoiceNo: '2', CustomerID: '2' });
    const report = await run(platform, shop, { api, concurrency: 1 });
    assert.deepEqual([report.outcome, report.placed, report.failed], ['completed', 1, { Locked: 1 }]);
  });

  it('ends when ten customers in a row cannot sign in', async () => {
    const rows = Array.from({ length: 30 }, (_, n) => ({ InvoiceNo: String(n), CustomerID: String(n) }));
    const report = await run(platformFor(), aShop(...rows), { concurrency: 1 });
    assert.deepEqual([report.outcome, report.invoices], ['failed', 10]);
    assert.match(report.error!, /first run `npm run import`/);
  });
});

describe('a cancellation in a replay', () => {
  const ordered = { InvoiceNo: '1', CustomerID: '1', Quantity: '5' };
  const partly = { InvoiceNo: 'C2', CustomerID: '1', Quantity: '-2' };

  it('of a whole order cancels the order, also with concurrency', async () => {
    const platform = platformFor('1');
    const report = await run(platform, aShop(ordered, { ...partly, Quantity: '-5' }), { concurrency: 10 });
    assert.deepEqual(report.cancellations, { canceled: 1, returned: 0, unmatched: {} });
    assert.deepEqual(report.byStatus, { canceled: 1 });
  });

  it('of a part is not applied before delivery', async () => {
    const platform = platformFor('1');
    const report = await run(platform, aShop(ordered, partly));
    assert.deepEqual(report.cancellations, { canceled: 0, returned: 0, unmatched: { notDelivered: 1 } });
  });

  it('of a part becomes a return after delivery', async () => {
    const platform = platformFor('1');
    const report = await run(platform, aShop(ordered, partly), delivering(platform));
    assert.deepEqual(report.cancellations, { canceled: 0, returned: 1, unmatched: {} });
    const [order] = [...platform.orders.values()];
    assert.deepEqual(platform.returns, [
      {
        orderId: order!.id,
        lines: [{ sku: '85123A', quantity: 2 }],
        received: [{ sku: '85123A', quantity: 2, condition: 'resellable' }],
      },
    ]);
  });

  it('of a rejected order, or without a matching order, is counted by reason', async () => {
    const platform = platformFor('1');
    platform.soldOut.add('85123A');
    const report = await run(platform, aShop(ordered, partly, { ...partly, InvoiceNo: 'C3', StockCode: 'X' }));
    assert.deepEqual(report.cancellations.unmatched, { orderRejected: 1, neverOrdered: 1 });
  });

  it('that the API refuses is counted by the code', async () => {
    const platform = platformFor('1');
    const api: Api = async (request) =>
      request.path.endsWith('/cancel')
        ? { status: 409, headers: new Headers(), body: { code: 'TooLateToCancel' } }
        : platform.api(request);
    const report = await run(platform, aShop(ordered, { ...partly, Quantity: '-5' }), { api });
    assert.deepEqual(report.cancellations.unmatched, { TooLateToCancel: 1 });
  });
});
