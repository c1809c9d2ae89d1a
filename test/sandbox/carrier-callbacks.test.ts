import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startCarrier } from '../../sandbox/carrier.ts';
import { ledgerOf, post, quiet, scratch } from './asking.ts';

const SECRET = 'a shared secret of more than 32 characters';

interface News {
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
  let received: { news: News; body: string; signature: string }[];
  /** What the receiver answers next; 204 when there is nothing left. */
  let answers: number[];
  /** Orders of which it takes no news. */
  let untaken: Set<string>;

  beforeEach(async () => {
    folder = scratch();
    [received, answers, untaken] = [[], [], new Set()];
    receiver = createServer((request, response) => {
      void (async () => {
        const chunks = (await request.toArray()) as Buffer[];
        const body = Buffer.concat(chunks).toString();
        const signature = String(request.headers['carrier-signature']);
        const news = JSON.parse(body) as News;
        received.push({ news, body, signature });
        response.writeHead(untaken.has(news.orderId) ? 503 : (answers.shift() ?? 204)).end();
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
  const until = async (happened: () => boolean) => {
    while (!happened()) await once(receiver, 'received');
  };
  const receive = (count: number) => until(() => received.length >= count);
  const book = async () => {
    const orderId = randomUUID();
    const address = { name: 'Ada', line1: '1 Mill Lane', city: 'London', postalCode: 'N1', country: 'GB' };
    const { body } = await post(`${carrier.url}/shipments`, { orderId, address });
    return { orderId, trackingNumber: String(body.trackingNumber) };
  };
  const advance = ({ trackingNumber }: { trackingNumber: string }) =>
    post(`${carrier.url}/shipments/${trackingNumber}/advance`, undefined, '');
  const typesReceived = ({ orderId }: { orderId: string }) =>
    received.filter(({ news }) => news.orderId === orderId).map(({ news }) => news.type);

  it('tell of a move, signed over the time and the body', async () => {
    await start();
    const parcel = await book();
    await advance(parcel);
    await receive(1);
    const [{ news, body, signature }] = received as [(typeof received)[0]];
    const [, dispatch] = await ledgerOf(carrier.url, parcel.orderId);
    assert.deepEqual(news, { id: dispatch!.id, ...parcel, type: 'dispatched', at: dispatch!.at });
    const [, seconds, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
    assert.equal(digest, createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex'));
    assert.ok(Math.abs(Date.now() / 1000 - Number(seconds)) < 10);
  });

  it('come again, the same, until they are taken, and in order', async () => {
    await start();
    answers = [500, 404];
    const parcel = await book();
    await advance(parcel);
    await advance(parcel);
    await receive(4);
    assert.deepEqual(typesReceived(parcel), ['dispatched', 'dispatched', 'dispatched', 'delivered']);
    assert.equal(new Set(received.map(({ news }) => news.id)).size, 2);
  });

  it('of one parcel do not wait for those of another', async () => {
    await start();
    const [refused, taken] = [await book(), await book()];
    untaken.add(refused.orderId);
    await advance(refused);
    await receive(1);
    await advance(taken);
    await until(() => typesReceived(taken).length > 0);
    assert.deepEqual(typesReceived(taken), ['dispatched']);
    untaken.clear();
    await advance(refused);
    await until(() => typesReceived(refused).includes('delivered'));
    assert.deepEqual([...new Set(typesReceived(refused))], ['dispatched', 'delivered']);
  });

  it('outlive a restart: what was not taken is told, what was taken is not told again', async () => {
    await start();
    const [told, untold] = [await book(), await book()];
    await advance(told);
    await receive(1);
    untaken.add(untold.orderId);
    await advance(untold);
    await receive(2);
    await carrier.close();
    const before = received.splice(0);
    untaken.clear();
    await start();
    await receive(1);
    await advance(untold);
    await receive(2);
    assert.deepEqual(typesReceived(untold), ['dispatched', 'delivered']);
    assert.equal([...before, ...received].filter(({ news }) => news.orderId === told.orderId).length, 1);
  });

  describe('at a pace', () => {
    it('parcels move by themselves, each step that long after the last', async () => {
      await start(0.2);
      const parcel = await book();
      await receive(2);
      assert.deepEqual(typesReceived(parcel), ['dispatched', 'delivered']);
      const times = (await ledgerOf(carrier.url, parcel.orderId)).map(({ at }) => Date.parse(String(at)));
      assert.equal(times.length, 3);
      for (const step of [1, 2]) assert.ok(times[step]! - times[step - 1]! >= 200, times.join(' '));
    });

    it('parcels that stood still while the carrier was down move on', async () => {
      await start();
      const parcel = await book();
      await carrier.close();
      await start(0.05);
      await receive(2);
      assert.deepEqual(typesReceived(parcel), ['dispatched', 'delivered']);
    });

    it('canceled parcels stay where they are', async () => {
      // Standing still at first: at a pace it might have left before it is canceled.
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
