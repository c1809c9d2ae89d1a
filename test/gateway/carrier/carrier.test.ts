import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { mock } from 'node:test';
import winston from 'winston';
import { orderOf } from '../../stage/gateway-builders.ts';
import { CARRIER_SECRET, type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('POST /v1/callbacks/carrier', () => {
  let gateway: Harness;
  const orderId = randomUUID();
  const logged: Record<string, unknown>[] = [];
  before(async () => {
    gateway = await startHarness({ logger: recordingLogger(logged) });
    storeOrder({ id: orderId, status: 'confirmed', fulfillmentStatus: 'booked' });
    gateway.services.store.shipments.set('SB-1', orderId);
  });
  after(() => gateway.close());
  beforeEach(() => {
    gateway.temporal.signals.length = 0;
  });
  afterEach(() => mock.timers.reset());

  const update = { id: 'evt_1', trackingNumber: 'SB-1', orderId, type: 'dispatched', at: '2026-01-05T14:00:00Z' };
  const storeOrder = (difference: Parameters<typeof orderOf>[0]) => {
    const order = orderOf(difference);
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const strayParcels = async () =>
    (await gateway.metrics.registry.getSingleMetric('parcels_of_ended_orders_total')!.get()).values[0]!.value;
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

  it('passes on every movement, and the parcel where it is not the order’s first', async () => {
    const parcelId = randomUUID();
    gateway.services.store.shipments.set('SB-6', orderId);
    gateway.services.store.parcelIds.set('SB-6', parcelId);
    const types = ['dispatched', 'delayed', 'lost', 'returned_to_sender', 'delivered'];
    for (const type of types) {
      for (const trackingNumber of ['SB-1', 'SB-6']) {
        assert.equal((await send(JSON.stringify({ ...update, trackingNumber, type }))).status, 204);
      }
    }
    assert.deepEqual(
      gateway.temporal.signals.flatMap(({ args }) => args),
      types.flatMap((status) => [{ status }, { status, parcelId }]),
    );
    assert.equal((await send(JSON.stringify({ ...update, type: 'eaten' }))).status, 400);
  });

  it('asks a person about each stray parcel of an order', async () => {
    const order = storeOrder({ status: 'canceled', fulfillmentStatus: 'canceled' });
    const parcelId = randomUUID();
    gateway.services.store.parcelIds.set('SB-8', parcelId);
    const before = await strayParcels();
    for (const trackingNumber of ['SB-7', 'SB-8', 'SB-8']) {
      gateway.services.store.shipments.set(trackingNumber, order.id);
      gateway.services.store.canceledParcels.add(trackingNumber);
      assert.equal((await send(JSON.stringify({ ...update, trackingNumber, type: 'lost' }))).status, 204);
    }
    assert.equal(await strayParcels(), before + 2);
    assert.partialDeepStrictEqual(gateway.temporal.started.get(`stray-parcel-${parcelId}`)!.options.args, [
      { orderId: order.id, parcelId, reported: 'lost', trackingNumber: 'SB-8' },
    ]);
    assert.ok(gateway.temporal.started.has(`stray-parcel-${order.id}`));
  });

  it('does not signal a canceled parcel: it counts it, logs it with its order, and asks a person, once', async () => {
    const order = storeOrder({ status: 'canceled', fulfillmentStatus: 'canceled' });
    gateway.services.store.shipments.set('SB-3', order.id);
    gateway.services.store.canceledParcels.add('SB-3');
    const raw = JSON.stringify({ ...update, id: 'evt_2', trackingNumber: 'SB-3' });
    logged.length = 0;
    const before = await strayParcels();
    for (const _again of [1, 2]) assert.equal((await send(raw)).status, 204);
    assert.deepEqual(gateway.temporal.signals, []);
    assert.equal(await strayParcels(), before + 1);
    const { type, options } = gateway.temporal.started.get(`stray-parcel-${order.id}`)!;
    assert.equal(type, 'strayParcelWorkflow');
    const input = {
      orderId: order.id,
      trackingNumber: 'SB-3',
      reported: 'dispatched',
      contradicts: 'bookingCanceled',
      orderStatus: 'canceled',
    };
    assert.deepEqual(options.args, [input]);
    const errors = logged.filter(({ level }) => level === 'error');
    assert.deepEqual(
      errors.map(({ orderId: named, trackingNumber }) => [named, trackingNumber]),
      [[order.id, 'SB-3']],
    );
  });

  it('returns 503 while a person cannot be asked, so that the carrier reports it again', async () => {
    const order = storeOrder({ status: 'canceled', fulfillmentStatus: 'canceled' });
    gateway.services.store.shipments.set('SB-4', order.id);
    gateway.services.store.canceledParcels.add('SB-4');
    const raw = JSON.stringify({ ...update, id: 'evt_4', trackingNumber: 'SB-4' });
    const before = await strayParcels();
    gateway.temporal.down = true;
    assert.equal((await send(raw)).status, 503);
    gateway.temporal.down = false;
    assert.equal(await strayParcels(), before);
    assert.equal((await send(raw)).status, 204);
    assert.equal(await strayParcels(), before + 1);
  });

  it('accepts one valid signature among several, and unknown fields', async () => {
    const raw = JSON.stringify({ ...update, depot: 'LHR' });
    const [time, good] = sign(raw).split(',');
    assert.equal((await send(raw, `${time},v1=${'0'.repeat(64)},${good}`)).status, 204);
  });

  for (const at of ['2026-01-05T14:00:00+00:00', '2026-01-05T19:30:00.5+05:30', '2026-01-05t14:00:00z']) {
    it(`accepts the time ${at}`, async () => {
      assert.equal((await send(JSON.stringify({ ...update, at }))).status, 204);
    });
  }

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

  describe('after the order’s workflow has ended', () => {
    const sendFor = async (difference: Parameters<typeof orderOf>[0]) => {
      const order = storeOrder(difference);
      gateway.services.store.shipments.set('SB-5', order.id);
      gateway.temporal.ended.add(`order-${order.id}`);
      const before = await strayParcels();
      assert.equal((await send(JSON.stringify({ ...update, trackingNumber: 'SB-5' }))).status, 204);
      const asked = gateway.temporal.started.get(`stray-parcel-${order.id}`);
      return { counted: (await strayParcels()) - before, asked: asked?.options.args };
    };

    it('accepts an update about an order that was sent', async () => {
      for (const fulfillmentStatus of ['shipped', 'delivered', 'partially_returned', 'returned'] as const) {
        const { counted, asked } = await sendFor({ status: 'completed', fulfillmentStatus });
        assert.deepEqual([counted, asked], [0, undefined]);
      }
    });

    it('asks a person about an order that was not to be sent', async () => {
      for (const difference of [
        { status: 'canceled', fulfillmentStatus: 'booked' },
        { status: 'rejected', fulfillmentStatus: 'not_fulfilled' },
        // Somebody terminated the workflow.
        { status: 'confirmed', fulfillmentStatus: 'booked' },
        { status: 'requires_action', fulfillmentStatus: 'canceled' },
      ] as const) {
        const { counted, asked } = await sendFor(difference);
        assert.equal(counted, 1);
        assert.partialDeepStrictEqual(asked, [{ contradicts: 'workflowEnded', orderStatus: difference.status }]);
      }
    });
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

/** Adds each line to `lines`, as an object. */
function recordingLogger(lines: Record<string, unknown>[]): winston.Logger {
  const stream = new Writable({
    objectMode: true,
    write(line: Record<string, unknown>, _encoding, done) {
      lines.push(line);
      done();
    },
  });
  return winston.createLogger({ transports: new winston.transports.Stream({ stream }) });
}
