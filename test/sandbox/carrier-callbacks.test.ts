import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startCarrier } from '../../sandbox/carrier.ts';
import { ledgerOf, post, quiet, scratch } from './requests.ts';

const SECRET = 'a shared secret of more than 32 characters';

interface CallbackEvent {
  id: string;
  trackingNumber: string;
  orderId: string;
  type: string;
  at: string;
}

describe('callbacks of the sandbox carrier', () => {
  let folder: string;
  let receiver: Server;
  let carrier: Awaited<ReturnType<typeof startCarrier>>;
  let received: { event: CallbackEvent; body: string; signature: string }[];
  /** The next response statuses of the receiver; 204 when the list is empty. */
  let statuses: number[];
  /** Orders whose callbacks the receiver rejects. */
  let rejected: Set<string>;

  beforeEach(async () => {
    folder = scratch();
    [received, statuses, rejected] = [[], [], new Set()];
    receiver = createServer((request, response) => {
      void (async () => {
        const chunks = (await request.toArray()) as Buffer[];
        const body = Buffer.concat(chunks).toString();
        const signature = String(request.headers['carrier-signature']);
        const event = JSON.parse(body) as CallbackEvent;
        received.push({ event, body, signature });
        response.writeHead(rejected.has(event.orderId) ? 503 : (statuses.shift() ?? 204)).end();
        receiver.emit('received');
      })();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
  });
  afterEach(async () => {
    await carrier.close();
    receiver.close();
    receiver.closeAllConnections();
  });

  const start = async (paceSeconds = 0) => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/v1/callbacks/carrier`;
    carrier = await startCarrier({ port: 0, folder, callback: { url, secret: SECRET }, paceSeconds, logger: quiet });
  };
  const waitUntil = async (condition: () => boolean) => {
    while (!condition()) await once(receiver, 'received');
  };
  const receive = (count: number) => waitUntil(() => received.length >= count);
  const book = async () => {
    const orderId = randomUUID();
    const address = { name: 'Ada', line1: '1 Mill Lane', city: 'London', postalCode: 'N1', country: 'GB' };
    const { body } = await post(`${carrier.url}/shipments`, { orderId, address });
    return { orderId, trackingNumber: String(body.trackingNumber) };
  };
  const advance = ({ trackingNumber }: { trackingNumber: string }) =>
    post(`${carrier.url}/shipments/${trackingNumber}/advance`, undefined, '');
  const typesReceived = ({ orderId }: { orderId: string }) =>
    received.filter(({ event }) => event.orderId === orderId).map(({ event }) => event.type);

  it('report a move, signed over the time and the body', async () => {
    await start();
    const parcel = await book();
    await advance(parcel);
    await receive(1);
    const [{ event, body, signature }] = received as [(typeof received)[0]];
    const [, dispatch] = await ledgerOf(carrier.url, parcel.orderId);
    assert.deepEqual(event, { id: dispatch!.id, ...parcel, type: 'dispatched', at: dispatch!.at });
    const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    assert.equal(digest, createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex'));
    assert.ok(Math.abs(Date.now() / 1000 - Number(seconds)) < 10);
  });

  it('report a parcel that was lost before it was dispatched as both, in this order', async () => {
    await start();
    const parcel = await book();
    await post(`${carrier.url}/shipments/${parcel.trackingNumber}/advance`, { to: 'lost' }, '');
    await advance(parcel);
    await receive(3);
    assert.deepEqual(typesReceived(parcel), ['dispatched', 'lost', 'delivered']);
    assert.equal(new Set(received.map(({ event }) => event.id)).size, 3);
  });

  it('are repeated unchanged until they are accepted, and in order', async () => {
    await start();
    statuses = [500, 404];
    const parcel = await book();
    await advance(parcel);
    await advance(parcel);
    await receive(4);
    assert.deepEqual(typesReceived(parcel), ['dispatched', 'dispatched', 'dispatched', 'delivered']);
    assert.equal(new Set(received.map(({ event }) => event.id)).size, 2);
  });

  it('of one parcel do not wait for those of another', async () => {
    await start();
    const [blocked, accepted] = [await book(), await book()];
    rejected.add(blocked.orderId);
    await advance(blocked);
    await receive(1);
    await advance(accepted);
    await waitUntil(() => typesReceived(accepted).length > 0);
    assert.deepEqual(typesReceived(accepted), ['dispatched']);
    rejected.clear();
    await advance(blocked);
    await waitUntil(() => typesReceived(blocked).includes('delivered'));
    assert.deepEqual([...new Set(typesReceived(blocked))], ['dispatched', 'delivered']);
  });

  it('survive a restart: pending ones are delivered, accepted ones are not repeated', async () => {
    await start();
    const [accepted, pending] = [await book(), await book()];
    await advance(accepted);
    await receive(1);
    rejected.add(pending.orderId);
    await advance(pending);
    await receive(2);
    await carrier.close();
    const before = received.splice(0);
    rejected.clear();
    await start();
    await receive(1);
    await advance(pending);
    await receive(2);
    assert.deepEqual(typesReceived(pending), ['dispatched', 'delivered']);
    assert.equal([...before, ...received].filter(({ event }) => event.orderId === accepted.orderId).length, 1);
  });

  describe('at a pace', () => {
    it('parcels move by themselves, with that pause between steps', async () => {
      await start(0.2);
      const parcel = await book();
      await receive(2);
      assert.deepEqual(typesReceived(parcel), ['dispatched', 'delivered']);
      const times = (await ledgerOf(carrier.url, parcel.orderId)).map(({ at }) => Date.parse(String(at)));
      assert.equal(times.length, 3);
      for (const step of [1, 2]) assert.ok(times[step]! - times[step - 1]! >= 200, times.join(' '));
    });

    it('parcels that are delayed or lost stay where they are', async () => {
      await start();
      const [delayed, lost, moving] = [await book(), await book(), await book()];
      await post(`${carrier.url}/shipments/${delayed.trackingNumber}/advance`, { to: 'delayed' }, '');
      await post(`${carrier.url}/shipments/${lost.trackingNumber}/advance`, { to: 'lost' }, '');
      await receive(4);
      await carrier.close();
      await start(0.05);
      await waitUntil(() => typesReceived(moving).includes('delivered'));
      // A callback whose response came too late is repeated.
      assert.deepEqual([...new Set(typesReceived(delayed))], ['dispatched', 'delayed']);
      assert.deepEqual([...new Set(typesReceived(lost))], ['dispatched', 'lost']);
    });

    it('parcels move on after a downtime of the carrier', async () => {
      await start();
      const parcel = await book();
      await carrier.close();
      await start(0.05);
      await receive(2);
      assert.deepEqual(typesReceived(parcel), ['dispatched', 'delivered']);
    });

    it('canceled parcels stay where they are', async () => {
      // Starts without a pace: otherwise the parcel might be dispatched before it is canceled.
      await start();
      const [canceled, moving] = [await book(), await book()];
      await post(`${carrier.url}/cancellations`, { orderId: canceled.orderId });
      await carrier.close();
      await start(0.05);
      await receive(2);
      assert.deepEqual(typesReceived(moving), ['dispatched', 'delivered']);
      assert.deepEqual(typesReceived(canceled), []);
    });
  });
});
