import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drive } from '../../bench/race/load.ts';
import { nothing, orderSeries } from '../../bench/race/orders.ts';

// The first request of a process loads what requests are made with; time is not to be up before each client has begun.
const RAMP_MS = 500;

describe('the load generator', () => {
  let server: Server;
  let asked: number;
  let atOnce: number;
  let most: number;
  let delayMs: number;
  /** Of the order with this number, from 1. */
  let answer: (number: number) => { status: number; body: object };

  beforeEach(async () => {
    [asked, atOnce, most, delayMs] = [0, 0, 0, 2];
    answer = () => ({ status: 201, body: { status: 'confirmed' } });
    server = createServer((request, response) => {
      const { status, body } = answer((asked += 1));
      most = Math.max(most, (atOnce += 1));
      request.resume().once('end', () =>
        setTimeout(() => {
          atOnce -= 1;
          response.writeHead(status).end(JSON.stringify(body));
        }, delayMs),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const run = () => {
    const samples: number[] = [];
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const door = { url, request: () => ({ path: '/orders', headers: {}, body: '{}' }) };
    const next = orderSeries(crypto.randomUUID());
    const { signal } = new AbortController();
    const sample = () => void samples.push(asked);
    return drive(door, { clients: 3, rampMs: RAMP_MS, measureMs: 100, next, signal, sample }).then((loaded) => ({
      ...loaded,
      samples,
    }));
  };

  it('has as many orders under way as there are clients, and counts every one that was confirmed', async () => {
    const { confirmed, latenciesMs, samples } = await run();
    assert.equal(most, 3);
    assert.equal(confirmed.orders, asked);
    assert.equal(samples.length, 2);
    const begun = asked - samples[0]!;
    assert.ok(
      Math.abs(latenciesMs.length - begun) <= 3,
      `${latenciesMs.length} measured, ${begun} begun after the ramp`,
    );
    const expected = nothing();
    const series = orderSeries('');
    for (let count = 0; count < asked; count += 1) expected.amountMinor += series().total.amountMinor;
    assert.equal(confirmed.amountMinor, expected.amountMinor);
  });

  it('counts an order by the part of its time that was measured', async () => {
    delayMs = 1_000;
    const { orders, confirmed, latenciesMs } = await run();
    assert.equal(confirmed.orders, 3);
    assert.equal(latenciesMs.length, 3);
    // 100 ms of each client's second and a little.
    assert.ok(orders > 0.1 && orders <= 0.3, `${orders} orders`);
  });

  it('fails with the first order that is not confirmed, whatever its status says', async () => {
    answer = (number) => ({ status: 201, body: { status: number === 3 ? 'rejected' : 'confirmed' } });
    await assert.rejects(run(), /answered 201 \{"status":"rejected"\}/);
    answer = () => ({ status: 503, body: { status: 'confirmed' } });
    await assert.rejects(run(), /answered 503/);
  });
});
