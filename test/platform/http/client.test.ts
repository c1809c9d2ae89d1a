import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mock } from 'node:test';
import winston from 'winston';
import { z } from 'zod';
import { operation } from '../../../platform/contract/operation.ts';
import { ServiceFault, createClient } from '../../../platform/http/client.ts';
import { Connection } from '../../../platform/http/connection.ts';
import { createServiceApi } from '../../../platform/http/service-api.ts';
import { listen } from '../../../platform/http/server.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { eventually } from '../../stage/eventually.ts';

const operations = {
  read: operation({ request: z.object({ id: z.string() }), response: z.object({ name: z.string() }) }),
  write: operation({ request: z.object({ id: z.string() }), repeatable: false }),
  /** Has a short timeout. */
  hurry: operation({ request: z.object({ id: z.string() }), repeatable: false, timeoutMs: 300 }),
};

describe('clients of services', () => {
  const servers: Server[] = [];
  /** A service that sends these responses in turn: a number is a status, undefined hangs up, 'never' does not respond. */
  const fakeService = async (...responses: (number | object | undefined | 'never')[]) => {
    const received: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];
    const server = createServer((request, response) => {
      received.push({ url: request.url!, headers: request.headers });
      const next = responses[Math.min(received.length, responses.length) - 1];
      if (next === 'never') return;
      if (next === undefined) response.destroy();
      else if (typeof next === 'number') {
        response.writeHead(next).end(next === 204 ? '' : '{"code":"SkuTaken","detail":"there is one"}');
      } else response.end(JSON.stringify(next));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };
  const connectionTo = (...urls: string[]) => new Connection({ service: 'product', urls, token: 'the token' });
  const client = (...urls: string[]) => createClient(connectionTo(...urls), 'requests', operations);
  afterEach(() => {
    mock.timers.reset();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('call an operation by its name, with the service token, and return what matches the contract', async () => {
    const { url, received } = await fakeService({ name: 'Tea', secret: 1 }, 204);
    assert.deepEqual(await client(url).read({ id: 'tea' }), { name: 'Tea' });
    assert.equal(await client(url).write({ id: 'tea' }), undefined);
    assert.deepEqual(
      received.map((one) => one.url),
      ['/requests/read', '/requests/write'],
    );
    assert.equal(received[0]!.headers.authorization, 'Bearer the token');
  });

  it('pass text through unchanged, even text that looks like broken UTF-8', async () => {
    const serviceApi = createServiceApi({
      requests: { operations, implementation: { read: async ({ id }: { id: string }) => ({ name: id }) } },
      ready: async () => undefined,
      token: 'the token',
      logger: winston.createLogger({ silent: true }),
      metrics: createMetrics('test'),
    });
    const listening = await listen(serviceApi, { port: 0, setting: 'PORT' });
    const id = 'Café \ufffd "Ufa" \\ufffd \u{1f375}';
    try {
      assert.deepEqual(await client(listening.url).read({ id }), { name: id });
    } finally {
      await listening.close();
    }
  });

  it('retry what is safe to repeat, and nothing else', async () => {
    const flaky = await fakeService(undefined, 500, { name: 'Tea' });
    assert.deepEqual(await client(flaky.url).read({ id: 'tea' }), { name: 'Tea' });
    const broken = await fakeService(undefined, 204);
    await assert.rejects(client(broken.url).write({ id: 'tea' }), ServiceFault);
    assert.deepEqual([flaky.received.length, broken.received.length], [3, 1]);
  });

  it('treat a refusal as a response, and do not retry it', async () => {
    const { url, received } = await fakeService(409);
    await assert.rejects(client(url).read({ id: 'tea' }), (error: unknown) => {
      assert.ok(error instanceof Refusal);
      assert.deepEqual([error.code, error.message], ['SkuTaken', 'there is one']);
      return true;
    });
    assert.equal(received.length, 1);
  });

  it('wait no longer than the timeout of the operation', async () => {
    const { url } = await fakeService('never');
    const started = Date.now();
    await assert.rejects(client(url).hurry({ id: 'tea' }), ServiceFault);
    assert.ok(Date.now() - started < 5_000, 'it took as long as an operation with the default timeout');
  });

  it('rotate over the addresses, and skip one that does not respond', async () => {
    const [good, bad] = [await fakeService({ name: 'Tea' }), await fakeService(undefined)];
    const both = client(good.url, bad.url);
    for (let turn = 0; turn < 40; turn += 1) await both.read({ id: 'tea' });
    assert.ok(bad.received.length >= 5 && bad.received.length < 18, `${bad.received.length} of 20 went to the bad one`);
  });

  it('stop calling an address after five faults in a row', async () => {
    const { url, received } = await fakeService(undefined);
    const product = client(url);
    for (let turn = 0; turn < 40; turn += 1) await assert.rejects(product.write({ id: 'tea' }), ServiceFault);
    assert.ok(received.length >= 5 && received.length < 35, `${received.length} of 40 went through`);
  });

  it('run at most 500 requests to one service', async () => {
    const { url } = await fakeService('never');
    const product = client(url);
    const settled = await Promise.allSettled(Array.from({ length: 503 }, () => product.hurry({ id: 'tea' })));
    const rejected = settled.filter(
      (one) =>
        one.status === 'rejected' && /500 requests to it are running already/.test((one.reason as Error).message),
    );
    assert.equal(rejected.length, 3);
  });

  it('try the other address at once if the first refuses connections, even if the operation is not repeatable', async () => {
    const [good, gone] = [await fakeService(204), await fakeService(204)];
    servers.pop()!.close();
    const both = client(good.url, gone.url);
    for (let turn = 0; turn < 20; turn += 1) await both.write({ id: 'tea' });
    assert.deepEqual([good.received.length, gone.received.length], [20, 0]);
  });

  it('retry a request that cannot have been received, even if the operation is not repeatable', async () => {
    const { url } = await fakeService(204);
    const { port } = new URL(url);
    const [server] = servers;
    await new Promise((resolve) => server!.close(resolve));
    const connection = connectionTo(url);
    const call = createClient(connection, 'requests', operations).write({ id: 'tea' });
    await eventually(() => assert.equal(connection.counts.faults, 1), 5_000, 5);
    await new Promise<void>((resolve) => server!.listen(Number(port), '127.0.0.1', resolve));
    await call;
    assert.ok(connection.counts.retries >= 1);
  });

  it('open the circuit breaker at the fifth fault in a row, and then test with one request every half second', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000 });
    const { url, received } = await fakeService(undefined, undefined, undefined, undefined, 204, undefined);
    const connection = connectionTo(url);
    const product = createClient(connection, 'requests', operations);
    const breaker = () => connection.state().doors[0]!.breaker;
    const fail = async (times: number) => {
      for (let time = 0; time < times; time += 1) await assert.rejects(product.write({ id: 'tea' }), ServiceFault);
    };
    await fail(4);
    await product.write({ id: 'tea' });
    await fail(4);
    assert.equal(breaker(), 'closed');
    await fail(3);
    assert.deepEqual([received.length, breaker()], [10, 'open']);
    mock.timers.tick(500);
    const trials = Promise.all([fail(1), fail(1), fail(1)]);
    assert.equal(breaker(), 'half_open');
    await trials;
    assert.deepEqual([received.length, breaker()], [11, 'open']);
  });

  it('count a response of a proxy as a fault of the address, but no response of the service itself', async () => {
    const [broken, fronted] = [await fakeService(500), await fakeService(502)];
    const states = [];
    for (const { url } of [broken, fronted]) {
      const connection = connectionTo(url);
      const product = createClient(connection, 'requests', operations);
      for (let time = 0; time < 6; time += 1) await assert.rejects(product.write({ id: 'tea' }), ServiceFault);
      states.push(connection.state().doors[0]!.breaker);
    }
    assert.deepEqual(states, ['closed', 'open']);
  });

  it('report the state of their connection', async () => {
    const { url } = await fakeService('never');
    const connection = connectionTo(url);
    const call = createClient(connection, 'requests', operations).hurry({ id: 'tea' });
    const { bulkheads } = connection.state();
    assert.deepEqual([bulkheads.prompt.inUse, bulkheads.patient], [0, { inUse: 1, limit: 500 }]);
    await assert.rejects(call, ServiceFault);
    assert.deepEqual(connection.state(), {
      doors: [{ address: new URL(url).host, breaker: 'closed' }],
      bulkheads: { prompt: { inUse: 0, limit: 500 }, patient: { inUse: 0, limit: 500 } },
      retries: 0,
      faults: 1,
    });
  });
});
