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

  const news = { id: 'evt_1', trackingNumber: 'SB-1', orderId, type: 'dispatched', at: '2026-01-05T14:00:00Z' };
  const now = () => Math.floor(Date.now() / 1000);
  const sign = (raw: string, { secret = CARRIER_SECRET, time = now() } = {}) =>
    `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${raw}`).digest('hex')}`;
  const tell = (raw: string, signature = sign(raw)) =>
    gateway.call('POST /v1/callbacks/carrier', { raw, headers: { 'carrier-signature': signature } });

  it('notes the news and tells the order’s workflow', async () => {
    // Spelled with spaces: the signature is of the bytes, not of what they mean.
    const { status } = await tell(JSON.stringify(news, null, 2));
    assert.equal(status, 204);
    assert.deepEqual(gateway.temporal.signals, [
      { workflowId: `order-${orderId}`, name: 'parcelMoved', args: [{ status: 'dispatched' }] },
    ]);
  });

  it('moves no order by news that contradict our books', async () => {
    gateway.services.store.shipments.set('SB-3', orderId);
    gateway.services.store.canceledParcels.add('SB-3');
    const { status } = await tell(JSON.stringify({ ...news, id: 'evt_2', trackingNumber: 'SB-3' }));
    assert.equal(status, 204);
    assert.deepEqual(gateway.temporal.signals, []);
  });

  it('accepts one good signature among several, and fields that it does not know', async () => {
    const raw = JSON.stringify({ ...news, depot: 'LHR' });
    const [time, good] = sign(raw).split(',');
    assert.equal((await tell(raw, `${time},v1=${'0'.repeat(64)},${good}`)).status, 204);
  });

  it('says 401 for signatures that are missing, wrong, of another body, or of another time', async () => {
    // What is a second too far ahead would be right by the time it is looked at.
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const raw = JSON.stringify(news);
    const bad = {
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
    for (const [what, signature] of Object.entries(bad)) {
      const { status, body } = await tell(raw, signature);
      assert.deepEqual([status, body.code], [401, 'InvalidSignature'], what);
    }
    assert.equal(gateway.temporal.signals.length, 0);
  });

  it('looks at the signature before it believes a word', async () => {
    assert.equal((await tell('{"id": 1}', 'none')).status, 401);
    assert.equal((await tell('{"id": 1}')).status, 400);
  });

  it('is content where the order’s workflow has ended', async () => {
    gateway.temporal.ended.add(`order-${orderId}`);
    gateway.services.store.orders.set(orderId, orderOf({ id: orderId, status: 'completed' }));
    assert.equal((await tell(JSON.stringify(news))).status, 204);
    assert.match(await gateway.metrics.registry.metrics(), /^parcels_of_ended_orders_total\{[^}]*\} 0$/m);
    gateway.temporal.ended.clear();
  });

  it('counts a parcel that left although its order came to nothing', async () => {
    gateway.temporal.ended.add(`order-${orderId}`);
    gateway.services.store.orders.set(orderId, orderOf({ id: orderId, status: 'canceled' }));
    assert.equal((await tell(JSON.stringify(news))).status, 204);
    assert.match(await gateway.metrics.registry.metrics(), /^parcels_of_ended_orders_total\{[^}]*\} 1$/m);
    gateway.temporal.ended.clear();
  });

  it('says 413 for more than the carrier has to tell, whoever sends it', async () => {
    const raw = JSON.stringify({ ...news, more: 'x'.repeat(9_000) });
    assert.equal((await tell(raw, 'none')).status, 413);
  });

  it('says 404 for a parcel that is none of ours and 503 while Temporal is away', async () => {
    const strange = await tell(JSON.stringify({ ...news, trackingNumber: 'SB-2' }));
    assert.deepEqual([strange.status, strange.body.code], [404, 'ShipmentNotFound']);
    gateway.temporal.down = true;
    const away = await tell(JSON.stringify(news));
    gateway.temporal.down = false;
    assert.equal(away.status, 503);
  });
});
