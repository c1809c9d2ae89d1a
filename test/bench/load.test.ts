import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drive } from '../../bench/race/load.ts';
import { nothing, orderSeries } from '../../bench/race/orders.ts';

// The first request of a process loads modules; each client must have begun before the measurement.
const RAMP_MS = 500;

describe('the load generator', () => {
  let server: Server;
  let received: number;
  let open: number;
  let mostOpen: number;
  let delayMs: number;
  /** The response to the order with this number, counted from 1. */
  let respond: (number: number) => { status: number; body: object };

  beforeEach(async () => {
    [received, open, mostOpen, delayMs] = [0, 0, 0, 2];
    respond = () => ({ status: 201, body: { status: 'confirmed' } });
    server = createServer((request, response) => {
      const { status, body } = respond((received += 1));
      mostOpen = Math.max(mostOpen, (open += 1));
      request.resume().once('end', () =>
        setTimeout(() => {
          open -= 1;
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
    const endpoint = { url, request: () => ({ path: '/orders', headers: {}, body: '{}' }) };
    const next = orderSeries(crypto.randomUUID());
    const { signal } = new AbortController();
    const sample = () => void samples.push(received);
    return drive(endpoint, { clients: 3, rampMs: RAMP_MS, measureMs: 100, next, signal, sample }).then((loaded) => ({
      ...loaded,
      samples,
    }));
  };

  it('has one open order per client and counts every confirmed order', async () => {
    const { confirmed, latenciesMs, samples } = await run();
    assert.equal(mostOpen, 3);
    assert.equal(confirmed.orders, received);
    assert.equal(samples.length, 2);
    const begun = received - samples[0]!;
    assert.ok(
      Math.abs(latenciesMs.length - begun) <= 3,
      `${latenciesMs.length} measured, ${begun} begun after the ramp`,
    );
    const expected = nothing();
    const series = orderSeries('');
    for (let count = 0; count < received; count += 1) expected.amountMinor += series().total.amountMinor;
    assert.equal(confirmed.amountMinor, expected.amountMinor);
  });

  it('counts an order by the share of its duration that was measured', async () => {
    delayMs = 1_000;
    const { orders, measuredMs, confirmed, latenciesMs } = await run();
    assert.equal(confirmed.orders, 3);
    assert.equal(latenciesMs.length, 3);
    // Some 100 ms of one second, for each of three clients.
    assert.ok(measuredMs >= 99, `${measuredMs} ms`);
    assert.ok(orders > 0.1 && orders <= (3 * measuredMs) / 1000, `${orders} orders in ${measuredMs} ms`);
  });

  it('fails with the first order that is not confirmed, whatever its HTTP status', async () => {
    respond = (number) => ({ status: 201, body: { status: number === 3 ? 'rejected' : 'confirmed' } });
    await assert.rejects(run(), /not confirmed: status 201, \{"status":"rejected"\}/);
    respond = () => ({ status: 503, body: { status: 'confirmed' } });
    await assert.rejects(run(), /not confirmed: status 503/);
  });
});
