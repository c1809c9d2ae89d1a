import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, get } from 'node:http';
import { mock } from 'node:test';
import { Registry } from 'prom-client';
import winston from 'winston';
import type { HistoryPage } from '../../../activities/order-history.ts';
import { OrderStreams } from '../../../gateway/orders/streams.ts';
import { eventually } from '../../stage/eventually.ts';
import { NOW, orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

const HEARTBEAT_MS = 15_000;
const MAX_STREAM_MS = 15 * 60 * 1000;

describe('an idle stream of an order', () => {
  let streams: OrderStreams;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const orders = {
      followMoves: () => new Promise<never>(() => undefined),
      followStory: async ({ after }: { after: number }): Promise<HistoryPage> => ({
        items: after < 1 ? [{ position: 1, at: NOW, step: 'record', outcome: 'succeeded' }] : [],
        more: false,
        ended: false,
      }),
    };
    streams = new OrderStreams({ orders, logger: winston.createLogger({ silent: true }), registry: new Registry() });
  });
  afterEach(() => {
    streams.close();
    mock.timers.reset();
  });
  const open = async () => (await streams.open({ orderId: 'one', callerId: 'somebody', after: 0 }))!;

  it('sends a heartbeat every fifteen seconds, and nothing in between', async () => {
    const stream = await open();
    let received = '';
    stream.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await turns();
    assert.match(received, /event: step/);
    for (let beats = 1; beats <= 3; beats += 1) {
      received = '';
      mock.timers.tick(HEARTBEAT_MS - 1);
      await turns();
      assert.equal(received, '');
      mock.timers.tick(1);
      await turns();
      assert.equal(received, ': still here\n\n');
    }
    stream.destroy();
  });

  it('ends with the lifetime of its token, so that the client reconnects with a new one', async () => {
    const stream = await open();
    const ended = once(stream.resume(), 'end');
    await turns();
    for (let ticked = 0; ticked <= MAX_STREAM_MS; ticked += HEARTBEAT_MS) {
      mock.timers.tick(HEARTBEAT_MS);
      await turns();
    }
    await ended;
  });

  it('is closed if the client has not read it to its end by then', async () => {
    const stream = await open();
    mock.timers.tick(MAX_STREAM_MS);
    await turns();
    assert.equal(stream.destroyed, false);
    mock.timers.tick(60_000);
    assert.equal(stream.destroyed, true);
  });
});

describe('a client that does not read its stream', () => {
  const PAGE = 100;
  const DETAIL = 'x'.repeat(1_000);
  let gateway: Harness;
  let pages: number;
  let orderId: string;

  beforeEach(async () => {
    gateway = await startHarness();
    const order = orderOf({ customerId: gateway.customer.id });
    orderId = order.id;
    gateway.services.store.orders.set(orderId, order);
    pages = 0;
    // An endless history of 100 KB per page.
    gateway.services.orders.followStory = async ({ after }) => {
      pages += 1;
      const items = Array.from({ length: PAGE }, (_, at) => ({
        position: after + at + 1,
        at: NOW,
        step: 'record' as const,
        outcome: 'succeeded' as const,
        detail: DETAIL,
      }));
      return { items, more: true, ended: false };
    };
  });
  afterEach(() => gateway.close());

  it('pauses the reading of the history until it reads on', async () => {
    const { accessToken } = await gateway.tokens.issue(gateway.customer);
    const request = get(`${gateway.url}/v1/orders/${orderId}/events`, {
      headers: { authorization: `Bearer ${accessToken}` },
      agent: false,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    // The socket buffers of both ends hold some megabytes; beyond that no page is read.
    const held = await settledPages();
    assert.ok(held * PAGE * DETAIL.length < 64 * 1024 * 1024, `${held} pages`);
    let read = 0;
    response.on('data', (chunk: Buffer) => (read += chunk.length));
    await eventually(() => assert.ok(pages > held + 20 && read > held * PAGE * DETAIL.length));
    response.destroy();
    await eventually(async () => assert.match(await gateway.metrics.registry.metrics(), /order_streams\{.*\} 0/));
  });

  /** The number of pages read, once it has not changed for a hundred checks. */
  async function settledPages(): Promise<number> {
    let [last, same] = [-1, 0];
    return eventually(() => {
      [last, same] = [pages, pages === last ? same + 1 : 0];
      assert.ok(same >= 100, `still reading after ${pages} pages`);
      return pages;
    });
  }
});

/** Lets all pending callbacks run. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
