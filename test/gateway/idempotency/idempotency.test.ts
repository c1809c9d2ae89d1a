import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { createIdempotencyRecords } from '../../../gateway/idempotency/records.ts';
import { connect } from '../../../platform/database/connection.ts';
import { orderBody } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, call, startHarness } from '../../stage/test-gateway.ts';

describe('Idempotency-Key', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => {
    gateway.services.before.clear();
    gateway.services.down.clear();
  });

  const place = (key: string, request: Request = {}) =>
    gateway.call('POST /v1/orders', { as: gateway.customer, key, body: orderBody(), ...request });
  const drafts = () => gateway.services.calls.filter((name) => name === 'orders.placeOrder').length;

  it('is required before the body is read', async () => {
    const id = randomUUID();
    for (const what of [
      'POST /v1/orders',
      `POST /v1/orders/${id}/cancel`,
      `POST /v1/orders/${id}/returns`,
      `POST /v1/returns/${id}/receive`,
      `POST /v1/admin/interventions/${id}/resolve`,
      'POST /v1/products/tea/stock-adjustments',
    ]) {
      const { status, body } = await gateway.call(what, { as: gateway.admin, raw: 'not even JSON' });
      assert.deepEqual([status, body.code], [428, 'IdempotencyKeyRequired'], what);
    }
  });

  it('must have 1 to 255 visible ASCII characters', async () => {
    assert.equal((await place('~'.repeat(255))).status, 202);
    for (const key of ['x'.repeat(256), 'two words', 'clé']) {
      const { status, body } = await place(key);
      assert.deepEqual([status, body.code], [400, 'InvalidIdempotencyKey'], key);
    }
  });

  it('repeats the first response byte for byte', async () => {
    const first = await place('again');
    const second = await place('again');
    assert.equal(first.headers.get('idempotent-replayed'), null);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    assert.deepEqual([second.status, second.text], [first.status, first.text]);
    for (const name of ['location', 'content-type']) assert.equal(second.headers.get(name), first.headers.get(name));
  });

  it('ignores spaces, the order of fields and the Prefer header', async () => {
    const first = await place('spelling');
    const { lines, shippingAddress, paymentMethod } = orderBody();
    const raw = JSON.stringify({ paymentMethod, shippingAddress, lines }, null, 4);
    const second = await place('spelling', { body: undefined, raw, headers: { prefer: 'wait=1' } });
    assert.deepEqual([second.status, second.text], [first.status, first.text]);
  });

  it('identifies one request: another payload or path is refused', async () => {
    await place('one');
    const other = await place('one', { body: orderBody({ paymentMethod: 'pm_card_other' }) });
    assert.deepEqual([other.status, other.body.code], [422, 'IdempotencyKeyReused']);
    const [some, another] = [await place(randomUUID()), await place(randomUUID())];
    const cancel = (id: string) => gateway.call(`POST /v1/orders/${id}/cancel`, { as: gateway.customer, key: 'c' });
    assert.equal((await cancel(some.body.id)).status, 202);
    assert.equal((await cancel(another.body.id)).status, 422);
  });

  it('is separate per caller and per route', async () => {
    await place('mine');
    const theirs = await place('mine', { as: gateway.other, body: orderBody({ paymentMethod: 'pm_card_other' }) });
    assert.equal(theirs.status, 202);
    const { status } = await gateway.call(`POST /v1/orders/${theirs.body.id}/cancel`, {
      as: gateway.other,
      key: 'mine',
    });
    assert.equal(status, 202);
  });

  it('has one effect for 20 concurrent requests on two replicas', async () => {
    const second = await gateway.replica();
    const earlier = drafts();
    const request = { as: gateway.customer, key: 'storm', body: orderBody() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        call(turn % 2 === 0 ? gateway.url : second.url, gateway.tokens, 'POST /v1/orders', request),
      ),
    );
    await second.close();
    assert.equal(drafts(), earlier + 1);
    const answered = answers.filter(({ status }) => status === 202);
    assert.equal(new Set(answered.map(({ text }) => text)).size, 1);
    for (const { status, body, headers } of answers.filter((answer) => !answered.includes(answer))) {
      assert.deepEqual([status, body.code], [409, 'RequestInProgress']);
      assert.ok(Number(headers.get('retry-after')) > 0);
    }
  });

  it('returns 409 while the first request is in progress, and 422 for another payload', async () => {
    let finish = () => {};
    const held = new Promise<void>((resolve) => (finish = resolve));
    const reached = new Promise<void>((resolve) =>
      gateway.services.before.set('orders.placeOrder', async () => {
        resolve();
        await held;
      }),
    );
    const first = place('held');
    await reached;
    const [same, other] = [await place('held'), await place('held', { body: orderBody({ paymentMethod: 'pm_x' }) })];
    finish();
    assert.deepEqual([same.status, same.body.code, other.status], [409, 'RequestInProgress', 422]);
    assert.equal((await first).status, 202);
    assert.equal((await place('held')).status, 202);
  });

  it('is taken over from a crashed attempt once its lease has expired', async () => {
    const records = createIdempotencyRecords(gateway.db);
    const scope = { caller: gateway.customer.id, route: 'POST /v1/orders', key: 'orphan' };
    const first = await place('orphan');
    const row = gateway.db.updateTable('idempotency_records').where('key', '=', 'orphan');
    await row.set({ state: 'running', locked_until: sql<Date>`now() + interval '1 minute'` }).execute();
    assert.equal((await place('orphan')).status, 409);
    await row.set({ locked_until: sql<Date>`now() - interval '1 second'` }).execute();
    const second = await place('orphan');
    assert.deepEqual([second.status, second.body.id], [202, first.body.id]);
    assert.equal(second.headers.get('idempotent-replayed'), null);

    // One of many concurrent takeovers succeeds, and the overtaken attempt cannot write any more.
    await row.set({ state: 'running', locked_until: sql<Date>`now() - interval '1 second'` }).execute();
    const { request_hash: hash, holder: dead } = await gateway.db
      .selectFrom('idempotency_records')
      .select(['request_hash', 'holder'])
      .where('key', '=', 'orphan')
      .executeTakeFirstOrThrow();
    const claims = await Promise.all(Array.from({ length: 8 }, () => records.claim(scope, hash)));
    assert.equal(claims.filter(({ outcome }) => outcome === 'claimed').length, 1);
    const overtaken = { scope, holder: dead };
    assert.deepEqual(await records.renew([overtaken]), new Set());
    await records.finish(overtaken, { status: 500, headers: {}, body: undefined });
    await records.abandon(overtaken);
    await records.release(overtaken);
    assert.equal((await records.claim(scope, hash)).outcome, 'running');
  });

  it('survives a restart', async () => {
    const first = await place('restart');
    const again = await gateway.replica();
    const request = { as: gateway.customer, key: 'restart', body: orderBody() };
    const second = await call(again.url, gateway.tokens, 'POST /v1/orders', request);
    await again.close();
    assert.deepEqual([second.text, second.headers.get('idempotent-replayed')], [first.text, 'true']);
  });

  it('finds the order of its first attempt, even if the catalogue no longer allows it', async () => {
    gateway.temporal.down = true;
    assert.equal((await place('kept')).status, 503);
    gateway.temporal.down = false;
    const catalogue = new Map(gateway.services.store.products);
    gateway.services.store.products.clear();
    const { status, body } = await place('kept');
    for (const [sku, product] of catalogue) gateway.services.store.products.set(sku, product);
    assert.equal(status, 202);
    assert.ok(gateway.temporal.started.has(`order-${body.id}`));
  });

  it('can be retried after a 5xx, and reused after an invalid request', async () => {
    gateway.services.down.add('orders');
    assert.equal((await place('retry')).status, 503);
    gateway.services.down.clear();
    // The request may have taken effect, so the key stays with it.
    assert.equal((await place('retry', { body: orderBody({ paymentMethod: 'pm_card_other' }) })).status, 422);
    assert.equal((await place('retry')).status, 202);

    assert.equal((await place('typo', { body: orderBody({ lines: [{ sku: 'tee', quantity: 1 }] }) })).status, 400);
    assert.equal((await place('typo')).status, 202);

    gateway.services.before.set('orders.placeOrder', () => {
      throw new TypeError('a bug');
    });
    assert.equal((await place('bug')).status, 500);
    gateway.services.before.clear();
    assert.equal((await place('bug')).status, 202);
  });

  it('stores a 409 that the state of the resource caused', async () => {
    const { body } = await place(randomUUID());
    const order = gateway.services.store.orders.get(body.id)!;
    gateway.services.store.orders.set(order.id, { ...order, status: 'completed', allowedActions: [] });
    const cancel = () => gateway.call(`POST /v1/orders/${order.id}/cancel`, { as: gateway.customer, key: 'late' });
    const first = await cancel();
    gateway.services.store.orders.set(order.id, order);
    const second = await cancel();
    assert.deepEqual([first.status, first.body.code], [409, 'TooLateToCancel']);
    assert.deepEqual([second.text, second.headers.get('idempotent-replayed')], [first.text, 'true']);
    assert.match(second.headers.get('content-type')!, /^application\/problem\+json/);
  });

  it('returns a response that cannot be stored, and 503 if the key cannot be claimed', async () => {
    const owner = connect<unknown>(gateway.ownerUrl, 1);
    const rename = (from: string, to: string) =>
      sql`alter table ${sql.id(from)} rename to ${sql.id(to)}`.execute(owner);
    gateway.services.before.set('orders.placeOrder', async () => {
      await rename('idempotency_records', 'away');
    });
    const unstored = await place('unstored');
    gateway.services.before.clear();
    const unclaimed = await place('unclaimed');
    await rename('away', 'idempotency_records');
    await owner.destroy();
    assert.equal(unstored.status, 202);
    assert.deepEqual([unclaimed.status, unclaimed.body.code], [503, 'ServiceUnavailable']);
  });

  it('expires after two days, not after one', async () => {
    const records = createIdempotencyRecords(gateway.db);
    for (const [key, hours] of [
      ['old', 49],
      ['young', 47],
    ] as const) {
      await place(key);
      await gateway.db
        .updateTable('idempotency_records')
        .set({ created_at: sql<Date>`now() - make_interval(hours => ${hours})` })
        .where('key', '=', key)
        .execute();
    }
    await records.purge();
    assert.equal((await place('young')).headers.get('idempotent-replayed'), 'true');
    assert.equal((await place('old')).headers.get('idempotent-replayed'), null);
  });
});
