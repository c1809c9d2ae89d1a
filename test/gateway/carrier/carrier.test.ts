import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import { orderOf } from '../../stage/gateway-builders.ts';
import { CARRIER_SECRET, type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/callbacks/carrier', () => {
  let gateway: Harness;
  const orderId = randomUUID();
  before(async () => {
    gateway = await startHarness();
    gateway.services.store.shipments.set('SB-1', orderId);
  });
  after(() => gateway.close());
  beforeEach(() => {
    gateway.temporal.signals.length = 0;
  });
  afterEach(() => mock.timers.reset());

  const update = { id: 'evt_1', trackingNumber: 'SB-1', orderId, type: 'dispatched', at: '2026-01-05T14:00:00Z' };
  const now = () => Math.floor(Date.now() / 1000);
  const sign = (raw: string, { secret = CARRIER_SECRET, time = now() } = {}) =>
    `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${raw}`).digest('hex')}`;
  const send = (raw: string, signature = sign(raw)) =>
    gateway.call('POST /v1/callbacks/carrier', { raw, headers: { 'carrier-signature': signature } });

  it('records the update and signals the order’s workflow', async () => {
    // With spaces: the signature covers the bytes, not their meaning.
    const { status } = await send(JSON.stringify(update, null, 2));
    assert.equal(status, 204);
    assert.deepEqual(gateway.temporal.signals, [
      { workflowId: `order-${orderId}`, name: 'parcelMoved', args: [{ status: 'dispatched' }] },
    ]);
  });

  it('changes no order by an update that contradicts the shipping service’s records', async () => {
    gateway.services.store.shipments.set('SB-3', orderId);
    gateway.services.store.canceledParcels.add('SB-3');
    const { status } = await send(JSON.stringify({ ...update, id: 'evt_2', trackingNumber: 'SB-3' }));
    assert.equal(status, 204);
    assert.deepEqual(gateway.temporal.signals, []);
  });

  it('accepts one valid signature among several, and unknown fields', async () => {
    const raw = JSON.stringify({ ...update, depot: 'LHR' });
    const [time, good] = sign(raw).split(',');
    assert.equal((await send(raw, `${time},v1=${'0'.repeat(64)},${good}`)).status, 204);
  });

  it('returns 401 for signatures that are missing, wrong, or for another body or time', async () => {
    // With a running clock, a time that is one second too late would be valid when it is checked.
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const raw = JSON.stringify(update);
    const invalid = {
      missing: '',
      'of another secret': sign(raw, { secret: 'guessed' }),
      'of another body': sign(`${raw} `),
      old: sign(raw, { time: now() - 301 }),
      'from the future': sign(raw, { time: now() + 301 }),
      'without a time': sign(raw).replace(/^t=\d+,/, ''),
      'with another time': sign(raw).replace(/^t=\d+/, `t=${now() - 1}`),
      cut: sign(raw).slice(0, -2),
      nonsense: 't=x,v1=y',
    };
    for (const [what, signature] of Object.entries(invalid)) {
      const { status, body } = await send(raw, signature);
      assert.deepEqual([status, body.code], [401, 'InvalidSignature'], what);
    }
    assert.equal(gateway.temporal.signals.length, 0);
  });

  it('checks the signature before the body', async () => {
    assert.equal((await send('{"id": 1}', 'none')).status, 401);
    assert.equal((await send('{"id": 1}')).status, 400);
  });

  it('accepts an update after the order’s workflow has ended', async () => {
    gateway.temporal.ended.add(`order-${orderId}`);
    gateway.services.store.orders.set(orderId, orderOf({ id: orderId, status: 'completed' }));
    assert.equal((await send(JSON.stringify(update))).status, 204);
    assert.match(await gateway.metrics.registry.metrics(), /^parcels_of_ended_orders_total\{[^}]*\} 0$/m);
    gateway.temporal.ended.clear();
  });

  it('counts a parcel that was dispatched although its order was canceled', async () => {
    gateway.temporal.ended.add(`order-${orderId}`);
    gateway.services.store.orders.set(orderId, orderOf({ id: orderId, status: 'canceled' }));
    assert.equal((await send(JSON.stringify(update))).status, 204);
    assert.match(await gateway.metrics.registry.metrics(), /^parcels_of_ended_orders_total\{[^}]*\} 1$/m);
    gateway.temporal.ended.clear();
  });

  it('returns 413 for a body that is too large, before it checks the signature', async () => {
    const raw = JSON.stringify({ ...update, more: 'x'.repeat(9_000) });
    assert.equal((await send(raw, 'none')).status, 413);
  });

  it('returns 404 for an unknown parcel, and 503 while Temporal is unavailable', async () => {
    const strange = await send(JSON.stringify({ ...update, trackingNumber: 'SB-2' }));
    assert.deepEqual([strange.status, strange.body.code], [404, 'ShipmentNotFound']);
    gateway.temporal.down = true;
    const away = await send(JSON.stringify(update));
    gateway.temporal.down = false;
    assert.equal(away.status, 503);
  });
});
