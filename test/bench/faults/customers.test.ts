import assert from 'node:assert/strict';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Asked, serveCustomers } from '../../../bench/race/faults/customers.ts';
import { orderMix } from '../../../bench/race/faults/order-mix.ts';

describe('the customers in a run with faults', () => {
  let server: Server;
  /** Order ids in the order of their requests. */
  let received: string[];
  let respond: (attempt: number, response: ServerResponse) => void;

  beforeEach(async () => {
    received = [];
    server = createServer((request: IncomingMessage, response) => {
      request.resume();
      const id = request.url!;
      received.push(id);
      respond(received.filter((other) => other === id).length, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  async function serve(orders: number, random = { share: () => 0.5 }): Promise<Asked[]> {
    const asked: Asked[] = [];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await serveCustomers(
      { url, request: ({ orderId }) => ({ path: `/${orderId}`, headers: {}, body: '{}' }) },
      {
        clients: 1,
        next: orderMix(''),
        more: () => asked.length < orders,
        done: (one) => asked.push(one),
        now: () => performance.now(),
        random,
        signal: new AbortController().signal,
      },
    );
    return asked;
  }

  const answer = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status).end(JSON.stringify(body));

  it('are told how their order ended', async () => {
    respond = (_, response) => answer(response, 409, { status: 'rejected', reason: 'CardDeclined: no' });
    const [one] = await serve(1);
    assert.deepEqual([one!.told, one!.requests], ['rejected', 1]);
  });

  const failures: Record<string, (response: ServerResponse) => void> = {
    'the connection breaks': (response) => response.destroy(),
    'the system fails': (response) => answer(response, 500, { status: 'confirmed' }),
    'the order is not decided yet': (response) => answer(response, 202, { status: 'pending' }),
    'the response is cut off': (response) => {
      response.writeHead(201, { 'content-length': '100' }).write('{"status":');
      setImmediate(() => response.destroy());
    },
  };
  for (const [what, fail] of Object.entries(failures)) {
    it(`ask again with the same order id when ${what}`, async () => {
      respond = (attempt, response) =>
        attempt === 1 ? fail(response) : void answer(response, 201, { status: 'confirmed' });
      const [one] = await serve(1);
      assert.deepEqual([one!.told, one!.requests], ['confirmed', 2]);
      assert.deepEqual(received, [`/${one!.order.orderId}`, `/${one!.order.orderId}`]);
      assert.ok(one!.until > one!.from);
    });
  }

  it('do not ask again in one case of ten, and place the next order', async () => {
    respond = (attempt, response) =>
      attempt === 1 ? void response.destroy() : void answer(response, 201, { status: 'confirmed' });
    const shares = [0.1, 0.099, 0.9].values();
    const asked = await serve(3, { share: () => shares.next().value! });
    assert.deepEqual(
      asked.map(({ told, requests }) => [told, requests]),
      [
        ['confirmed', 2],
        ['nothing', 1],
        ['confirmed', 2],
      ],
    );
  });
});

describe('the orders in a run with faults', () => {
  it('are the same for everybody, apart from their ids', () => {
    const contents = () => {
      const next = orderMix('a customer');
      return Array.from({ length: 40 }, next).map(({ order: { orderId: _id, ...order }, refusal }) => ({
        order,
        refusal,
      }));
    };
    assert.deepEqual(contents(), contents());
  });

  it('have a declined card, goods without stock or an undeliverable address in three cases of twenty', () => {
    const next = orderMix('');
    const orders = Array.from({ length: 20 }, next);
    const refusals = orders.flatMap(({ refusal }) => refusal ?? []);
    assert.deepEqual(refusals.toSorted(), ['AddressUndeliverable', 'CardDeclined', 'OutOfStock']);
    for (const { order } of orders) {
      assert.equal(new Set(order.lines.map(({ sku }) => sku)).size, 2);
      const sum = order.lines.reduce((total, { quantity, unitPrice }) => total + quantity * unitPrice.amountMinor, 0);
      assert.equal(order.total.amountMinor, sum);
    }
  });
});
