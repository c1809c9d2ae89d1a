import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { OrderFilter } from '../../../activities/order-search.ts';
import { draft, orderStage, pounds, refusedAs } from './test-order-service.ts';

const line = (sku: string, unitPrice: number) => ({ sku, name: sku, quantity: 2, unitPrice: pounds(unitPrice) });

describe('order service: search', () => {
  const stage = orderStage();
  const ada = '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11';
  const [zoe, bo] = [randomUUID(), randomUUID()];
  /** Oldest first, an hour apart. */
  const ids: Record<'adasFirst' | 'adasSecond' | 'zoes' | 'bos' | 'stranger', string> = {} as never;
  let numbers: Record<string, number>;

  const at = (hour: number) => new Date(Date.UTC(2026, 0, 5, hour));
  const store = async (name: keyof typeof ids, hour: number, difference: Parameters<typeof stage.placed>[0]) => {
    ids[name] = await stage.placed(difference);
    const set = { created_at: at(hour), tracking_number: `TRACK-${hour}` };
    const { db } = stage.database;
    await db.updateTable('orders').set(set).where('id', '=', ids[name]).execute();
    await db
      .updateTable('order_skus')
      .set({ created_at: at(hour) })
      .where('order_id', '=', ids[name])
      .execute();
  };
  const know = (customer_id: string, email: string, name: string) =>
    stage.database.db.insertInto('contacts').values({ customer_id, email, name }).execute();

  before(async () => {
    await know(ada, 'Ada.Lovelace@Example.com', 'Ada Lovelace');
    await know(zoe, 'zoe@example.org', 'Zoë Ångström-Løve');
    await know(bo, 'bo@example.net', '山田 太郎');
    await know(randomUUID(), 'never@example.com', 'Ada Never');
    await store('adasFirst', 1, { customerId: ada });
    await store('adasSecond', 2, { customerId: ada, lines: [line('85123A', 999)], total: pounds(1998) });
    await store('zoes', 3, { customerId: zoe, lines: [line('85123A', 500), line('22423', 1)], total: pounds(1002) });
    await store('bos', 4, { customerId: bo, lines: [line('22423', 500_000)], total: pounds(1_000_000) });
    await store('stranger', 5, { customerId: randomUUID() });
    await stage.activities.confirmOrder({ ...stage.note(ids.zoes), trackingNumber: 'TRACK-3' });
    await stage.database.db
      .updateTable('orders')
      .set({ payment_status: 'captured', fulfillment_status: 'shipped' })
      .where('id', '=', ids.bos)
      .execute();
    // A draft is found by nothing.
    await stage.requests.placeOrder(draft({ customerId: ada }));
    const rows = await stage.database.db.selectFrom('orders').select(['id', 'number']).execute();
    numbers = Object.fromEntries(rows.map(({ id, number }) => [id, number]));
  });

  const find = async (filter: OrderFilter): Promise<string[]> => {
    const { items, next } = await stage.requests.searchOrders({ ...filter, limit: 50 });
    assert.equal(next, null);
    const { items: exported } = await stage.requests.exportOrders({ ...filter, limit: 50 });
    assert.deepEqual(
      exported.map(({ id }) => id),
      items.map(({ id }) => id),
    );
    const names = Object.entries(ids);
    return items.map(({ id }) => names.find(([, known]) => known === id)?.[0] ?? id);
  };

  it('without a condition finds every recorded order, newest first', async () => {
    assert.deepEqual(await find({}), ['stranger', 'bos', 'zoes', 'adasSecond', 'adasFirst']);
  });

  const conditions: [OrderFilter, (keyof typeof ids)[]][] = [
    [{ customerId: ada }, ['adasSecond', 'adasFirst']],
    [{ email: 'ada.LOVE' }, ['adasSecond', 'adasFirst']],
    [{ email: 'lovelace' }, []],
    [{ email: 'a_a' }, []],
    [{ email: '%' }, []],
    [{ sku: '85123A' }, ['zoes', 'adasSecond']],
    [{ sku: '85123' }, []],
    [{ sku: '22423' }, ['bos', 'zoes']],
    [{ trackingNumber: 'TRACK-4' }, ['bos']],
    [{ trackingNumber: 'TRACK' }, []],
    [{ status: 'confirmed' }, ['zoes']],
    [{ paymentStatus: 'captured' }, ['bos']],
    [{ fulfillmentStatus: 'shipped' }, ['bos']],
    [{ from: at(4).toISOString() }, ['stranger', 'bos']],
    [{ before: at(2).toISOString() }, ['adasFirst']],
    [{ from: at(2).toISOString(), before: at(4).toISOString() }, ['zoes', 'adasSecond']],
    [{ minTotalMinor: 5500 }, ['stranger', 'bos', 'adasFirst']],
    [{ maxTotalMinor: 1998 }, ['zoes', 'adasSecond']],
    [{ minTotalMinor: 1003, maxTotalMinor: 5499 }, ['adasSecond']],
    [{ email: 'ada', sku: '85123A' }, ['adasSecond']],
    [{ email: 'zoe', sku: '22423', status: 'confirmed', maxTotalMinor: 2000 }, ['zoes']],
    [{ customerId: ada, sku: '22423' }, []],
  ];
  for (const [filter, expected] of conditions) {
    it(`finds ${expected.join(', ') || 'nothing'} by ${JSON.stringify(filter)}`, async () => {
      assert.deepEqual(await find(filter), expected);
    });
  }

  const texts: [string, (keyof typeof ids)[]][] = [
    ['TRACK-1', ['adasFirst']],
    ['22423', ['bos', 'zoes']],
    ['ada.lovelace@example.com', ['adasSecond', 'adasFirst']],
    ['ADA.LOV', ['adasSecond', 'adasFirst']],
    ['lovelace ada', ['adasSecond', 'adasFirst']],
    ['love', ['zoes', 'adasSecond', 'adasFirst']],
    ['zoe angstr', ['zoes']],
    ['ZOË', ['zoes']],
    ['太郎', ['bos']],
    ['郎', ['bos']],
    ["lovelace' or '1'='1", []],
    ['%', []],
    ['ada nobody', []],
    ['  ', ['stranger', 'bos', 'zoes', 'adasSecond', 'adasFirst']],
  ];
  for (const [q, expected] of texts) {
    it(`finds ${expected.join(', ') || 'nothing'} by the one box with “${q}”`, async () => {
      assert.deepEqual(await find({ q }), expected);
    });
  }

  it('finds orders by the one box with a number or an id, of an order or a customer', async () => {
    const number = numbers[ids.zoes]!;
    assert.deepEqual(await find({ number }), ['zoes']);
    for (const q of [String(number), `#${number}`, ids.zoes, ids.zoes.toUpperCase(), zoe]) {
      assert.deepEqual(await find({ q }), ['zoes'], q);
    }
    assert.deepEqual(await find({ q: randomUUID() }), []);
  });

  it('applies the other conditions to what the one box finds', async () => {
    assert.deepEqual(await find({ q: 'love', sku: '85123A' }), ['zoes', 'adasSecond']);
    assert.deepEqual(await find({ q: 'love', email: 'ada' }), ['adasSecond', 'adasFirst']);
    assert.deepEqual(await find({ q: '22423', status: 'confirmed' }), ['zoes']);
  });

  it('shows what is found in several ways newest first, each order once', async () => {
    // What an address begins with, a name and a SKU.
    const [customerId, sku] = [randomUUID(), 'kim'];
    await know(customerId, 'kim@example.com', 'Kim Kimura');
    const mine: string[] = [];
    for (let n = 0; n < 9; n += 1) {
      const bySku = { lines: [line(sku, 1)], total: pounds(2) };
      const difference = [bySku, { customerId }, { ...bySku, customerId }][n % 3]!;
      mine.unshift(await stage.placed(difference));
    }
    assert.deepEqual(await find({ q: sku }), mine);
    assert.deepEqual(await pagesOf({ q: sku }, 2), mine);
    const { db } = stage.database;
    await db.updateTable('orders').set({ recorded_at: null }).where('id', 'in', mine).execute();
  });

  async function pagesOf(filter: OrderFilter, limit: number): Promise<string[]> {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await stage.requests.searchOrders({ ...filter, limit, ...(after !== undefined && { after }) });
      found.push(...page.items.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  }

  for (const filter of [{}, { q: 'love' }, { email: 'ada' }, { sku: 'teapot' }, { minTotalMinor: 1 }]) {
    it(`shows pages without gaps or duplicates by ${JSON.stringify(filter)}`, async () => {
      const { items: all } = await stage.requests.searchOrders({ ...filter, limit: 50 });
      assert.ok(all.length > 1);
      assert.deepEqual(
        await pagesOf(filter, 1),
        all.map(({ id }) => id),
      );
    });
  }

  it('finds the orders of customers with a frequent name among the newest', async () => {
    const values = Array.from({ length: 1_001 }, (_, n) => ({
      customer_id: randomUUID(),
      email: `frequent${n}@example.com`,
      name: 'Frequent Name',
    }));
    await stage.database.db.insertInto('contacts').values(values).execute();
    const mine = [
      await stage.placed({ customerId: values[0]!.customer_id }),
      await stage.placed({ customerId: values[1_000]!.customer_id }),
    ];
    const { items } = await stage.requests.searchOrders({ q: 'frequent', limit: 50 });
    assert.deepEqual(items.map(({ id }) => id).toSorted(), mine.toSorted());
    const { items: byAddress } = await stage.requests.searchOrders({ email: 'frequent', limit: 1 });
    assert.equal(byAddress.length, 1);
  });

  it('refuses a cursor of another list', async () => {
    for (const filter of [{}, { q: 'love' }, { sku: 'teapot' }]) {
      const request = { ...filter, limit: 1, after: 'garbage' };
      await assert.rejects(stage.requests.searchOrders(request), refusedAs('BadCursor'));
      await assert.rejects(stage.requests.exportOrders(request), refusedAs('BadCursor'));
    }
  });

  it('exports what a table shows of an order', async () => {
    const { items } = await stage.requests.exportOrders({ q: ids.zoes, limit: 1 });
    assert.deepEqual(items, [
      {
        id: ids.zoes,
        number: String(numbers[ids.zoes]),
        placedAt: at(3).toISOString(),
        status: 'confirmed',
        paymentStatus: 'authorized',
        fulfillmentStatus: 'booked',
        customerId: zoe,
        contact: { email: 'zoe@example.org', name: 'Zoë Ångström-Løve' },
        country: 'GB',
        lines: 2,
        pieces: 4,
        total: pounds(1002),
        refunded: pounds(0),
        trackingNumber: 'TRACK-3',
      },
    ]);
    const { items: others } = await stage.requests.exportOrders({ q: ids.stranger, limit: 1 });
    assert.equal(others[0]!.contact, null);
  });

  it('tells the contacts of the customers that are known', async () => {
    const { items } = await stage.requests.getContacts({ customerIds: [ada, randomUUID()] });
    assert.deepEqual(items, [{ customerId: ada, email: 'Ada.Lovelace@Example.com', name: 'Ada Lovelace' }]);
  });
});
