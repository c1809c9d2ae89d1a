import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Order } from '../../../activities/order.ts';
import type { Sales, SalesKey, SalesRow } from '../../../activities/sales-report.ts';
import { createReportRequests } from '../../../services/order/sales-report.ts';
import { Random } from '../../../tools/random.ts';
import { orderStage } from './test-order-service.ts';

const CURRENCIES = ['GBP', 'EUR'];
const COUNTRIES = ['GB', 'DE', 'FR'];
const STATES = [
  'pending',
  'confirmed',
  'captured',
  'divided',
  'delivered',
  'completed',
  'rejected',
  'canceled',
] as const;
const FROM = '2026-01-10T00:00:00.000Z';
const BEFORE = '2026-01-20T00:00:00.000Z';
const ORDERS = 150;
const ENDED = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;

/** An order as this test placed it, and what became of it. */
interface Placed {
  id: string;
  state: (typeof STATES)[number];
  country: string;
  at: string;
  /** Refunded pieces by SKU. */
  refunded: Map<string, number>;
}

/** The sums of one key and currency. */
interface Sums {
  orders: Set<string>;
  pieces: number;
  gross: number;
  refunded: number;
}

describe('order service: sales report', function () {
  this.timeout(120_000);
  const stage = orderStage();
  const random = new Random(7);
  const placed: Placed[] = [];

  before(async () => {
    for (let n = 0; n < ORDERS; n += 1) placed.push(await placeOne(n));
  });

  async function placeOne(n: number): Promise<Placed> {
    const currency = random.oneOf(CURRENCIES);
    const skus = ['tea', 'mug', 'pot', 'jug'].filter(() => random.share() < 0.6);
    if (skus.length === 0) skus.push('tea');
    const lines = skus.map((sku) => ({
      sku,
      name: sku,
      quantity: random.within({ least: 1, most: 9 }),
      unitPrice: { amountMinor: random.within({ least: 1, most: 5000 }), currency },
    }));
    const amountMinor = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amountMinor, 0);
    const country = random.oneOf(COUNTRIES);
    const shippingAddress = { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1', country };
    const difference = { lines, total: { amountMinor, currency }, shippingAddress };
    const state = random.oneOf(STATES);
    const id = await bring(state, difference);
    const refunded = new Map<string, number>();
    if (state === 'delivered') await giveBack(id, lines, refunded);
    // Over fourteen days, four of them outside of the period; some on the last millisecond of a day.
    const at = new Date(
      Date.UTC(2026, 0, 8 + (n % 14), n % 3 === 0 ? 23 : 0, n % 3 === 0 ? 59 : 0, 59, 999),
    ).toISOString();
    await stage.database.db
      .updateTable('orders')
      .set({ created_at: new Date(at) })
      .where('id', '=', id)
      .execute();
    return { id, state, country, at, refunded };
  }

  async function bring(state: Placed['state'], difference: Parameters<typeof stage.placed>[0]): Promise<string> {
    if (state === 'confirmed' || state === 'captured' || state === 'delivered') return stage[state](difference);
    if (state === 'divided') return divided(difference);
    if (state === 'completed') {
      const id = await stage.delivered(difference);
      await stage.activities.completeOrder(stage.note(id));
      return id;
    }
    const id = await (state === 'canceled' ? stage.confirmed(difference) : stage.placed(difference));
    if (state === 'rejected') {
      const rejection = { code: 'OutOfStock' as const, detail: 'none left' };
      await stage.activities.rejectOrder({ ...stage.note(id), rejection, ...ENDED });
    }
    if (state === 'canceled') await stage.activities.cancelOrder({ ...stage.note(id), ...ENDED });
    return id;
  }

  /** Only a piece of each line is sent. The processor has captured all of the order, and gives back what is not sent. */
  async function divided(difference: Parameters<typeof stage.placed>[0]): Promise<string> {
    const lines = difference!.lines!;
    const orderId = await stage.confirmed(difference);
    const [{ sku }] = lines as [Order['lines'][number]];
    const rest = lines
      .map((line) => ({ sku: line.sku, quantity: line.quantity - (line.sku === sku ? 1 : 0) }))
      .filter(({ quantity }) => quantity > 0);
    const [first, second] = await stage.split(
      orderId,
      rest.length > 0 ? [[{ sku, quantity: 1 }], rest] : [[{ sku, quantity: 1 }]],
    );
    const about = { ...stage.note(orderId), parcelId: first! };
    await stage.activities.dispatchOrder(about);
    await stage.activities.captureOrder({ ...about, captured: difference!.total! });
    if (!second) return orderId;
    const canceled = { replaced: [second], parcels: [], canceledLines: rest };
    await stage.activities.replaceParcels({ ...stage.note(orderId), ...canceled });
    const [refund] = (await stage.requests.listRefunds({ orderId })).items;
    if (random.share() < 0.5) return orderId;
    await stage.activities.endRefund({ ...stage.note(orderId), refundId: refund!.id, outcome: 'refunded' });
    return orderId;
  }

  /** Half of the orders come back in part: some returns are refunded, some only received. */
  async function giveBack(id: string, lines: Order['lines'], refunded: Map<string, number>): Promise<void> {
    for (const { sku } of lines) {
      if (random.share() < 0.5) continue;
      const stored = await stage.sendBack(id, { lines: [{ sku, quantity: 1 }] });
      await stage.receive(stored);
      if (random.share() < 0.3) continue;
      await stage.refund(stored);
      refunded.set(sku, 1);
    }
  }

  const SOLD = new Set<string>(['confirmed', 'captured', 'divided', 'delivered', 'completed']);

  /** The same figures, added up here from the orders as getOrder shows them. */
  async function expected(keyOf: (order: Placed, sku: string) => string): Promise<Map<string, Sums>> {
    const sums = new Map<string, Sums>();
    for (const order of placed) {
      if (!SOLD.has(order.state) || order.at < FROM || order.at >= BEFORE) continue;
      const { lines, canceledLines } = await stage.requests.getOrder({ orderId: order.id });
      for (const { sku, quantity: ordered, unitPrice } of lines) {
        const quantity = ordered - (canceledLines!.find((line) => line.sku === sku)?.quantity ?? 0);
        if (quantity === 0) continue;
        const key = `${keyOf(order, sku)} ${unitPrice.currency}`;
        const sum = sums.get(key) ?? { orders: new Set(), pieces: 0, gross: 0, refunded: 0 };
        sums.set(key, sum);
        sum.orders.add(order.id);
        sum.pieces += quantity;
        sum.gross += quantity * unitPrice.amountMinor;
        sum.refunded += (order.refunded.get(sku) ?? 0) * unitPrice.amountMinor;
      }
    }
    return sums;
  }

  const counted = (sums: Map<string, Sums>) =>
    new Map([...sums].map(([key, { orders, ...sum }]) => [key, { orders: orders.size, ...sum }]));
  const figuresOf = (rows: readonly (Sales & Partial<SalesRow>)[]) => {
    const figures = rows.map(({ key = 'all', gross, refunded, ...counted }) => {
      assert.equal(gross.currency, refunded.currency);
      return [
        `${key} ${gross.currency}`,
        { ...counted, gross: gross.amountMinor, refunded: refunded.amountMinor },
      ] as const;
    });
    assert.equal(new Set(figures.map(([key]) => key)).size, figures.length, 'a key has two rows of one currency');
    return new Map(figures);
  };

  const keys: Record<SalesKey, (order: Placed, sku: string) => string> = {
    day: ({ at }) => at.slice(0, 10),
    sku: (_order, sku) => sku,
    country: ({ country }) => country,
  };
  for (const [by, keyOf] of Object.entries(keys) as [SalesKey, (typeof keys)[SalesKey]][]) {
    it(`equals sums of the orders themselves, by ${by}, and has their totals`, async () => {
      const report = await stage.requests.reportSales({ by, from: FROM, before: BEFORE });
      assert.deepEqual(figuresOf(report.rows), counted(await expected(keyOf)));
      assert.deepEqual(figuresOf(report.totals), counted(await expected(() => 'all')));
      // In parts of few orders, of which several have the same time.
      for (const ordersAtATime of [1, 7]) {
        const { reportSales } = createReportRequests(stage.database.db, ordersAtATime);
        assert.deepEqual(await reportSales({ by, from: FROM, before: BEFORE }), report);
      }
    });
  }

  it('has orders of every kind, so that none is left out by chance', async () => {
    assert.deepEqual(new Set(placed.map(({ state }) => state)), new Set(STATES));
    const { totals } = await stage.requests.reportSales({ by: 'day', from: FROM, before: BEFORE });
    assert.deepEqual(
      totals.map(({ gross }) => gross.currency),
      CURRENCIES.toSorted(),
    );
    assert.ok(totals.every(({ refunded }) => refunded.amountMinor > 0));
  });

  it('counts a sold order while a person must decide something about it', async () => {
    const period = { from: '2026-03-01T00:00:00.000Z', before: '2026-03-02T00:00:00.000Z' };
    const id = await stage.captured();
    const undecided = await stage.placed();
    for (const orderId of [id, undecided]) {
      await stage.opened(orderId, 'commitStock');
      await stage.database.db
        .updateTable('orders')
        .set({ created_at: new Date(period.from) })
        .where('id', '=', orderId)
        .execute();
      assert.equal((await stage.statuses(orderId))[0], 'requires_action');
    }
    const { totals } = await stage.requests.reportSales({ by: 'day', ...period });
    assert.deepEqual(
      totals.map(({ orders }) => orders),
      [1],
    );
  });

  it('adds the lines of one SKU up to one order', async () => {
    const period = { from: '2026-04-01T00:00:00.000Z', before: '2026-04-02T00:00:00.000Z' };
    const unitPrice = { amountMinor: 100, currency: 'GBP' };
    const lines = [1, 2].map((quantity) => ({ sku: 'twice', name: 'Twice', quantity, unitPrice }));
    const id = await stage.confirmed({ orderId: randomUUID(), lines, total: { amountMinor: 300, currency: 'GBP' } });
    const set = { created_at: new Date(period.from) };
    await stage.database.db.updateTable('orders').set(set).where('id', '=', id).execute();
    const { rows } = await stage.requests.reportSales({ by: 'sku', ...period });
    const once = { orders: 1, pieces: 3, gross: 300, refunded: 0 };
    assert.deepEqual(figuresOf(rows), new Map([['twice GBP', once]]));
  });

  it('leaves out pieces that are not sent, at the prices of their own lines, and orders of which none is', async () => {
    const period = { from: '2026-05-01T00:00:00.000Z', before: '2026-05-02T00:00:00.000Z' };
    const line = (sku: string, quantity: number, amountMinor: number) => ({
      sku,
      name: sku,
      quantity,
      unitPrice: { amountMinor, currency: 'GBP' },
    });
    const lines = [line('cup', 2, 100), line('cup', 2, 300), line('jar', 1, 50)];
    const total = { amountMinor: 850, currency: 'GBP' };
    const cups = (quantity: number) => ({ sku: 'cup', quantity });
    const jar = { sku: 'jar', quantity: 1 };
    const [some, none] = [await stage.confirmed({ lines, total }), await stage.confirmed({ lines, total })];
    await stage.split(some, [[cups(3)]], { canceledLines: [cups(1), jar] });
    await stage.split(none, [], { canceledLines: [cups(4), jar] });
    const set = { created_at: new Date(period.from) };
    await stage.database.db.updateTable('orders').set(set).where('id', 'in', [some, none]).execute();
    for (const by of ['sku', 'day'] as const) {
      const { rows, totals } = await stage.requests.reportSales({ by, ...period });
      const sold = { orders: 1, pieces: 3, gross: 500, refunded: 0 };
      const key = by === 'sku' ? 'cup' : '2026-05-01';
      assert.deepEqual(figuresOf(rows), new Map([[`${key} GBP`, sold]]));
      assert.deepEqual(figuresOf(totals), new Map([['all GBP', sold]]));
    }
  });

  it('is empty for a period without orders', async () => {
    const period = { from: '2020-01-01T00:00:00.000Z', before: '2020-02-01T00:00:00.000Z' };
    for (const by of ['day', 'sku', 'country'] as const) {
      assert.deepEqual(await stage.requests.reportSales({ by, ...period }), { rows: [], totals: [] });
    }
  });
});
