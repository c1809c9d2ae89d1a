import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../../platform/http/route.ts';
import { eventually } from '../../stage/eventually.ts';
import { NOW, orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

interface Following {
  as?: Caller;
  of?: string;
  lastEventId?: string;
}

describe('the stream of an order’s history', () => {
  let gateway: Harness;
  let orderId: string;
  const opened: IncomingMessage[] = [];
  beforeEach(async () => {
    gateway = await startHarness();
    const order = orderOf({ customerId: gateway.customer.id });
    orderId = order.id;
    gateway.services.store.orders.set(orderId, order);
  });
  afterEach(async () => {
    for (const response of opened.splice(0)) response.destroy();
    await gateway.close();
  });

  const add = (...steps: ('record' | 'reserveStock' | 'confirm' | 'complete')[]) => {
    for (const step of steps) gateway.services.events.addHistoryItem(orderId, { at: NOW, step, outcome: 'succeeded' });
  };
  /** An open stream and everything received from it so far. */
  async function follow({ as = gateway.customer, of = orderId, lastEventId }: Following = {}) {
    const { accessToken } = await gateway.tokens.issue(as);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { authorization: `Bearer ${accessToken}`, ...(lastEventId && { 'last-event-id': lastEventId }) };
      get(`${gateway.url}/v1/orders/${of}/events`, { headers, agent: false }, resolve).once('error', reject);
    });
    opened.push(response);
    const stream = { response, text: '', ended: false };
    response.on('data', (chunk: Buffer) => (stream.text += chunk.toString()));
    response.once('end', () => (stream.ended = true));
    response.once('error', () => undefined);
    return stream;
  }
  const steps = ({ text }: { text: string }) => [...text.matchAll(/^data: .*"step":"(\w+)"/gm)].map(([, step]) => step);

  it('sends the history so far, and then each new entry', async () => {
    add('record', 'reserveStock');
    const stream = await follow();
    assert.equal(stream.response.headers['content-type'], 'text/event-stream');
    assert.match(stream.response.headers['cache-control']!, /no-store/);
    await eventually(() => assert.deepEqual(steps(stream), ['record', 'reserveStock']));
    add('confirm');
    await eventually(() => assert.deepEqual(steps(stream), ['record', 'reserveStock', 'confirm']));
    assert.match(
      stream.text,
      /^retry: \d+\n\nid: 1\nevent: step\ndata: \{"at":"[^"]+","step":"record","outcome":"succeeded"\}\n\n/,
    );
  });

  it('is open to API clients with the scope to read orders', async () => {
    add('record');
    const stream = await follow({ as: { id: randomUUID(), role: 'admin', scopes: ['orders:read'] } });
    assert.equal(stream.response.statusCode, 200);
    await eventually(() => assert.deepEqual(steps(stream), ['record']));
    const other = await follow({ as: { id: randomUUID(), role: 'admin', scopes: ['orders:cancel'] } });
    assert.equal(other.response.statusCode, 403);
  });

  it('continues after the last event that was received', async () => {
    add('record', 'reserveStock');
    const stream = await follow({ lastEventId: '1' });
    add('confirm');
    await eventually(() => assert.deepEqual(steps(stream), ['reserveStock', 'confirm']));
  });

  const UNKNOWN = ['999999999', '999999999999999', '9'.repeat(400), '-1', '+1', '1.0', '1e0', '0x1', '1, 1', 'a name'];
  for (const lastEventId of UNKNOWN) {
    it(`is sent from the beginning after an id that it never had: ${lastEventId.slice(0, 20)}`, async () => {
      add('record', 'reserveStock');
      const open = await follow({ lastEventId });
      await eventually(() => assert.deepEqual(steps(open), ['record', 'reserveStock']));
      gateway.services.events.endHistory(orderId);
      const ended = await follow({ lastEventId });
      assert.equal(ended.response.statusCode, 200);
      await eventually(() => assert.equal(ended.ended, true));
      assert.deepEqual(steps(ended), ['record', 'reserveStock']);
    });
  }

  it('ends with the order, and tells clients not to reconnect', async () => {
    add('record');
    const stream = await follow();
    await eventually(() => assert.deepEqual(steps(stream), ['record']));
    gateway.services.events.endHistory(orderId);
    add('complete');
    await eventually(() => assert.equal(stream.ended, true));
    assert.deepEqual(steps(stream), ['record', 'complete']);
    assert.match(stream.text, /event: end\ndata: \{\}\n\n$/);
    assert.equal((await follow({ lastEventId: '2' })).response.statusCode, 204);
    const late = await follow({ lastEventId: '1' });
    await eventually(() => assert.equal(late.ended, true));
    assert.deepEqual(steps(late), ['complete']);
  });

  it('is for the owner and admins; others get 404', async () => {
    for (const [as, status] of [
      [gateway.customer, 200],
      [gateway.admin, 200],
      [gateway.other, 404],
    ] as const) {
      assert.equal((await follow({ as })).response.statusCode, status);
    }
  });

  it('is limited in number per caller', async () => {
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow()));
    assert.ok(streams.every(({ response }) => response.statusCode === 200));
    assert.equal((await follow()).response.statusCode, 429);
    assert.equal((await follow({ as: gateway.admin })).response.statusCode, 200);
    streams[0]!.response.destroy();
    await eventually(async () => assert.equal((await follow()).response.statusCode, 200));
  });

  it('shares one poll of the order service with all others, and reads only changed orders', async () => {
    add('record');
    const other = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(other.id, other);
    const streams = await Promise.all(Array.from({ length: 10 }, () => follow()));
    for (const stream of streams) await eventually(() => assert.deepEqual(steps(stream), ['record']));
    const { calls } = gateway.services;
    await eventually(() => assert.equal(calls.at(-1), 'orders.followMoves'));
    calls.length = 0;
    gateway.services.events.addHistoryItem(other.id, { at: NOW, step: 'record', outcome: 'succeeded' });
    await eventually(() => assert.ok(calls.length > 0));
    assert.deepEqual([...new Set(calls)], ['orders.followMoves']);
  });

  it('ends without an end event when the gateway stops, so that clients reconnect elsewhere', async () => {
    add('record');
    const stream = await follow();
    await eventually(() => assert.deepEqual(steps(stream), ['record']));
    gateway.streams.close();
    await eventually(() => assert.equal(stream.ended, true));
    assert.doesNotMatch(stream.text, /event: end/);
  });

  it('survives an outage of the order service', async () => {
    const quiet = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(quiet.id, quiet);
    add('record');
    const [stream, idle] = [await follow(), await follow({ of: quiet.id })];
    await eventually(() => assert.deepEqual(steps(stream), ['record']));
    gateway.services.down.add('orders');
    const cut = new Promise((resolve) => stream.response.once('close', resolve));
    add('confirm');
    await cut;
    gateway.services.down.delete('orders');
    // The other order's history was not read meanwhile, so its stream is still open.
    gateway.services.events.addHistoryItem(quiet.id, { at: NOW, step: 'record', outcome: 'succeeded' });
    await eventually(() => assert.deepEqual(steps(idle), ['record']));
    const resumed = await follow({ lastEventId: '1' });
    await eventually(() => assert.deepEqual(steps(resumed), ['confirm']));
  });
});
