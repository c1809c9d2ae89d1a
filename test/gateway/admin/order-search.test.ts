import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { EXPORT_PAGE, orderTable } from '../../../gateway/admin/order-csv.ts';
import { orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('staff’s search for orders at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  beforeEach(() => {
    gateway.services.store.orders.clear();
    gateway.services.store.listed.length = 0;
  });
  afterEach(() => {
    gateway.services.down.clear();
    gateway.services.before.clear();
  });

  const store = (difference: Parameters<typeof orderOf>[0] = {}) => {
    const order = orderOf(difference);
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const know = (customerId: string, name: string) =>
    gateway.services.store.contacts.set(customerId, { email: 'ada@example.com', name });
  const search = (query: string) => gateway.call(`GET /v1/admin/orders${query}`, { as: gateway.admin });
  const table = (query = '') => gateway.call(`GET /v1/admin/orders.csv${query}`, { as: gateway.admin });
  const requestOf = async (query: string) => {
    const { status, text } = await search(query);
    assert.equal(status, 200, text);
    return gateway.services.store.listed.pop();
  };

  it('shows who ordered, where it is known', async () => {
    const [known, unknown] = [store(), store()];
    know(known.customerId, 'Ada Lovelace');
    const { body } = await search('');
    const items = body.items as unknown as { id: string; contact?: unknown }[];
    assert.deepEqual(
      items.map(({ id, contact }) => [id, contact]),
      [
        [known.id, { email: 'ada@example.com', name: 'Ada Lovelace' }],
        [unknown.id, undefined],
      ],
    );
  });

  it('passes every condition on, and keeps them for the next page', async () => {
    store();
    store();
    const customerId = randomUUID();
    const conditions = {
      q: 'ada',
      number: '10042',
      email: 'ada@',
      customerId,
      sku: '85123A',
      tracking: 'SB-1',
      status: 'confirmed',
      paymentStatus: 'captured',
      fulfillmentStatus: 'shipped',
      from: '2026-01-01',
      to: '2026-01-31',
      minTotal: '100',
      maxTotal: '200',
      late: 'true',
    };
    const { body } = await search(`?${new URLSearchParams({ ...conditions, limit: '1' }).toString()}`);
    const asked = {
      q: 'ada',
      number: 10_042,
      email: 'ada@',
      customerId,
      sku: '85123A',
      trackingNumber: 'SB-1',
      status: 'confirmed',
      paymentStatus: 'captured',
      fulfillmentStatus: 'shipped',
      from: '2026-01-01T00:00:00.000Z',
      before: '2026-02-01T00:00:00.000Z',
      late: true,
      minTotalMinor: 100,
      maxTotalMinor: 200,
      limit: 1,
    };
    assert.deepEqual(gateway.services.store.listed.pop(), { ...asked, after: undefined });
    await gateway.call(`GET ${body.next}`, { as: gateway.admin });
    assert.deepEqual(gateway.services.store.listed.pop(), { ...asked, after: '1' });
  });

  it('takes days in UTC, both included, and times exactly', async () => {
    const bounds = async (query: string) => {
      const { from, before } = (await requestOf(query)) as { from?: string; before?: string };
      return [from, before];
    };
    assert.deepEqual(await bounds('?from=2026-02-28&to=2026-02-28'), [
      '2026-02-28T00:00:00.000Z',
      '2026-03-01T00:00:00.000Z',
    ]);
    assert.deepEqual(await bounds('?from=2026-01-05T10:00:00%2B02:00&to=2026-01-05T09:30:00Z'), [
      '2026-01-05T08:00:00.000Z',
      '2026-01-05T09:30:00.000Z',
    ]);
    assert.deepEqual(await bounds('?to=9999-12-31'), [undefined, '9999-12-31T23:59:59.999Z']);
    for (const query of ['?from=2026-02-30', '?to=yesterday', '?from=0000-01-01', '?to=2026-01-05T25:00:00Z']) {
      assert.equal((await search(query)).status, 400, query);
    }
  });

  it('refuses what cannot be a condition', async () => {
    const invalid = [
      'number=0',
      'number=1e3',
      'minTotal=-1',
      'maxTotal=1.5',
      'sku=a%20b',
      'customerId=7',
      'status=lost',
    ];
    for (const condition of [...invalid, 'email=', 'tracking=', 'late=yes', 'number=9999999999999']) {
      const { status, body } = await search(`?${condition}`);
      assert.deepEqual([status, body.code], [400, 'InvalidRequest'], condition);
    }
    const { status, body } = await search('?cursor=bad');
    assert.deepEqual([status, body.code], [400, 'BadCursor']);
  });

  it('is for staff only, as is the table', async () => {
    for (const path of ['/v1/admin/orders', '/v1/admin/orders.csv']) {
      assert.equal((await gateway.call(`GET ${path}`, { as: gateway.customer })).status, 403);
      assert.equal((await gateway.call(`GET ${path}`)).status, 401);
    }
  });

  it('is also what tells an admin who placed an order, and nobody else', async () => {
    const { id } = store({ customerId: gateway.customer.id });
    know(gateway.customer.id, 'Ada Lovelace');
    const contactFor = async (as: Harness['admin']) =>
      ((await gateway.call(`GET /v1/orders/${id}`, { as })).body as { contact?: unknown }).contact;
    assert.deepEqual(await contactFor(gateway.admin), { email: 'ada@example.com', name: 'Ada Lovelace' });
    gateway.services.calls.length = 0;
    assert.equal(await contactFor(gateway.customer), undefined);
    assert.deepEqual(gateway.services.calls, ['orders.getOrder']);
  });

  describe('as a table', () => {
    it('has a line of names and a record for each order', async () => {
      const order = store({ number: '10007', trackingNumber: 'SB-1', total: { amountMinor: 900, currency: 'GBP' } });
      know(order.customerId, '=cmd|"calc",A0');
      const { status, headers, text } = await table('?status=pending');
      assert.equal(status, 200);
      assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
      assert.equal(headers.get('content-disposition'), 'attachment; filename="orders.csv"');
      assert.equal(
        text,
        'number,id,placedAt,status,paymentStatus,fulfillmentStatus,customerId,email,name,country,lines,pieces,total,' +
          'refunded,currency,trackingNumber\r\n' +
          `10007,${order.id},2026-01-05T09:00:00.000Z,pending,not_paid,not_fulfilled,${order.customerId},` +
          `ada@example.com,"'=cmd|""calc"",A0",GB,1,2,9.00,0.00,GBP,SB-1\r\n`,
      );
      const [request] = gateway.services.store.listed as [{ status?: string }];
      assert.equal(request.status, 'pending');
    });

    it('has only the line of names if nothing is found', async () => {
      assert.equal((await table()).text.split('\r\n').length, 2);
    });

    it('has every order once, over several pages', async () => {
      const numbers = Array.from({ length: 2 * EXPORT_PAGE + 1 }, (_, n) => String(n + 1));
      for (const number of numbers) store({ number });
      const records = (await table()).text.split('\r\n').slice(1, -1);
      assert.deepEqual(
        records.map((record) => record.split(',')[0]),
        numbers,
      );
      assert.equal(gateway.services.store.listed.length, 3);
    });

    it('is read a page at a time, no faster than the client takes it, and no further once the client has gone', async () => {
      for (let n = 0; n < 9 * EXPORT_PAGE; n += 1) store();
      const { orders, store: stored } = gateway.services;
      const first = await orders.exportOrders({ limit: EXPORT_PAGE });
      const stream = Readable.from(orderTable(orders, {}, first));
      const parts = stream[Symbol.asyncIterator]();
      for (const part of [await parts.next(), await parts.next()]) assert.equal(part.done, false);
      for (let turn = 0; turn < 100; turn += 1) await setImmediate();
      // The first page, and at most two more that are kept ready.
      assert.ok(stored.listed.length <= 3, `${stored.listed.length} pages were read`);
      stream.destroy();
      const read = stored.listed.length;
      for (let turn = 0; turn < 100; turn += 1) await setImmediate();
      assert.equal(stored.listed.length, read);
    });

    it('is a problem document if the first page cannot be read, and breaks off at a later one', async () => {
      gateway.services.down.add('orders');
      const { status, body } = await table();
      assert.deepEqual([status, body.code], [503, 'ServiceUnavailable']);
      gateway.services.down.clear();
      for (let n = 0; n <= EXPORT_PAGE; n += 1) store();
      gateway.services.before.set('orders.exportOrders', () => {
        if (gateway.services.store.listed.length > 0) gateway.services.down.add('orders');
      });
      await assert.rejects(table(), /terminated|other side closed|fetch failed/);
    });
  });
});
