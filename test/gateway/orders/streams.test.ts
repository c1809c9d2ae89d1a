import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, get } from 'node:http';
import { mock } from 'node:test';
import { Registry } from 'prom-client';
import winston from 'winston';
import type { Story } from '../../../activities/order-history.ts';
import { OrderStreams } from '../../../gateway/orders/streams.ts';
import { eventually } from '../../stage/eventually.ts';
import { NOW, orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

const HEARTBEAT_MS = 15_000;
const LONGEST_MS = 15 * 60 * 1000;

describe('an idle stream of an order', () => {
  let streams: OrderStreams;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const orders = {
      followMoves: () => new Promise<never>(() => undefined),
      followStory: async ({ after }: { after: number }): Promise<Story> => ({
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

  it('says every fifteen seconds that it is there, and nothing in between', async () => {
    const stream = await open();
    let said = '';
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await turns();
    assert.match(said, /event: step/);
    for (let beats = 1; beats <= 3; beats += 1) {
      said = '';
      mock.timers.tick(HEARTBEAT_MS - 1);
      await turns();
      assert.equal(said, '');
      mock.timers.tick(1);
      await turns();
      assert.equal(said, ': still here\n\n');
    }
    stream.destroy();
  });

  it('ends as its token does, so that whoever listens comes back with a fresh one', async () => {
    const stream = await open();
    const ended = once(stream.resume(), 'end');
    await turns();
    for (let ticked = 0; ticked <= LONGEST_MS; ticked += HEARTBEAT_MS) {
      mock.timers.tick(HEARTBEAT_MS);
      await turns();
    }
    await ended;
  });

  it('is cut off where nobody has read it to its end by then', async () => {
    const stream = await open();
    mock.timers.tick(LONGEST_MS);
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
    // A story without end, of 100 KB a page.
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

  it('is not read for: its story waits where it is until it reads on', async () => {
    const { accessToken } = await gateway.tokens.issue(gateway.customer);
    const asked = get(`${gateway.url}/v1/orders/${orderId}/events`, {
      headers: { authorization: `Bearer ${accessToken}` },
      agent: false,
    });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    // What both ends' sockets hold is the system's affair, some megabytes; beyond that nothing moves.
    const held = await standing();
    assert.ok(held * PAGE * DETAIL.length < 64 * 1024 * 1024, `${held} pages`);
    let read = 0;
    response.on('data', (chunk: Buffer) => (read += chunk.length));
    await eventually(() => assert.ok(pages > held + 20 && read > held * PAGE * DETAIL.length));
    response.destroy();
    await eventually(async () => assert.match(await gateway.metrics.registry.metrics(), /order_streams\{.*\} 0/));
  });

  /** How many pages have been asked for, once that has not changed for a hundred looks. */
  async function standing(): Promise<number> {
    let [last, same] = [-1, 0];
    return eventually(() => {
      [last, same] = [pages, pages === last ? same + 1 : 0];
      assert.ok(same >= 100, `${pages} pages asked for, and more to come`);
      return pages;
    });
  }
});

/** Lets everything that is ready happen. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
