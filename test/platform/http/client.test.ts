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
  /** Has little time. */
  hurry: operation({ request: z.object({ id: z.string() }), repeatable: false, timeoutMs: 300 }),
};

describe('clients of services', () => {
  const servers: Server[] = [];
  /** A door that answers as told, call by call; a number is a status, undefined hangs up, 'never' says nothing. */
  const door = async (...answers: (number | object | undefined | 'never')[]) => {
    const heard: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];
    const server = createServer((request, response) => {
      heard.push({ url: request.url!, headers: request.headers });
      const answer = answers[Math.min(heard.length, answers.length) - 1];
      if (answer === 'never') return;
      if (answer === undefined) response.destroy();
      else if (typeof answer === 'number') {
        response.writeHead(answer).end(answer === 204 ? '' : '{"code":"SkuTaken","detail":"there is one"}');
      } else response.end(JSON.stringify(answer));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { heard, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
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

  it('ask by the operation’s name, with the service token, and hand back what fits the contract', async () => {
    const { url, heard } = await door({ name: 'Tea', secret: 1 }, 204);
    assert.deepEqual(await client(url).read({ id: 'tea' }), { name: 'Tea' });
    assert.equal(await client(url).write({ id: 'tea' }), undefined);
    assert.deepEqual(
      heard.map((one) => one.url),
      ['/requests/read', '/requests/write'],
    );
    assert.equal(heard[0]!.headers.authorization, 'Bearer the token');
  });

  it('hand on what people write as it is, also what looks like broken UTF-8', async () => {
    const door = createServiceApi({
      requests: { operations, implementation: { read: async ({ id }: { id: string }) => ({ name: id }) } },
      ready: async () => undefined,
      token: 'the token',
      logger: winston.createLogger({ silent: true }),
      metrics: createMetrics('test'),
    });
    const listening = await listen(door, { port: 0, setting: 'PORT' });
    const id = 'Café \ufffd "Ufa" \\ufffd \u{1f375}';
    try {
      assert.deepEqual(await client(listening.url).read({ id }), { name: id });
    } finally {
      await listening.close();
    }
  });

  it('ask again what is safe to repeat, and nothing else', async () => {
    const shaky = await door(undefined, 500, { name: 'Tea' });
    assert.deepEqual(await client(shaky.url).read({ id: 'tea' }), { name: 'Tea' });
    const broken = await door(undefined, 204);
    await assert.rejects(client(broken.url).write({ id: 'tea' }), ServiceFault);
    assert.deepEqual([shaky.heard.length, broken.heard.length], [3, 1]);
  });

  it('take a refusal for an answer, and never ask again for a better one', async () => {
    const { url, heard } = await door(409);
    await assert.rejects(client(url).read({ id: 'tea' }), (error: unknown) => {
      assert.ok(error instanceof Refusal);
      assert.deepEqual([error.code, error.message], ['SkuTaken', 'there is one']);
      return true;
    });
    assert.equal(heard.length, 1);
  });

  it('wait no longer than the operation says', async () => {
    const { url } = await door('never');
    const started = Date.now();
    await assert.rejects(client(url).hurry({ id: 'tea' }), ServiceFault);
    assert.ok(Date.now() - started < 5_000, 'as long as an operation that says nothing');
  });

  it('go to each address in turn, and past one that does not answer', async () => {
    const [good, bad] = [await door({ name: 'Tea' }), await door(undefined)];
    const both = client(good.url, bad.url);
    for (let turn = 0; turn < 40; turn += 1) await both.read({ id: 'tea' });
    assert.ok(bad.heard.length >= 5 && bad.heard.length < 18, `${bad.heard.length} of 20 went to the bad one`);
  });

  it('stop asking an address that has not answered five times running', async () => {
    const { url, heard } = await door(undefined);
    const product = client(url);
    for (let turn = 0; turn < 40; turn += 1) await assert.rejects(product.write({ id: 'tea' }), ServiceFault);
    assert.ok(heard.length >= 5 && heard.length < 35, `${heard.length} of 40 went through`);
  });

  it('keep no more than 500 requests waiting for one service', async () => {
    const { url } = await door('never');
    const product = client(url);
    const settled = await Promise.allSettled(Array.from({ length: 503 }, () => product.hurry({ id: 'tea' })));
    const turnedAway = settled.filter(
      (one) => one.status === 'rejected' && /wait for it already/.test((one.reason as Error).message),
    );
    assert.equal(turnedAway.length, 3);
  });

  it('ask the other door at once where nobody opens the first, also what must not be asked twice', async () => {
    const [good, gone] = [await door(204), await door(204)];
    servers.pop()!.close();
    const both = client(good.url, gone.url);
    for (let turn = 0; turn < 20; turn += 1) await both.write({ id: 'tea' });
    assert.deepEqual([good.heard.length, gone.heard.length], [20, 0]);
  });

  it('ask again what nobody can have heard, whatever it is', async () => {
    const { url } = await door(204);
    const { port } = new URL(url);
    const [server] = servers;
    await new Promise((resolve) => server!.close(resolve));
    const connection = connectionTo(url);
    const asked = createClient(connection, 'requests', operations).write({ id: 'tea' });
    await eventually(() => assert.equal(connection.counts.faults, 1), 5_000, 5);
    await new Promise<void>((resolve) => server!.listen(Number(port), '127.0.0.1', resolve));
    await asked;
    assert.ok(connection.counts.retries >= 1);
  });

  it('break at the fifth fault in a row, and let one try every half second', async () => {
    mock.timers.enable({ apis: ['Date'], now: 1_000 });
    const { url, heard } = await door(undefined, undefined, undefined, undefined, 204, undefined);
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
    assert.deepEqual([heard.length, breaker()], [10, 'open']);
    mock.timers.tick(500);
    const trials = Promise.all([fail(1), fail(1), fail(1)]);
    assert.equal(breaker(), 'half_open');
    await trials;
    assert.deepEqual([heard.length, breaker()], [11, 'open']);
  });

  it('hold against a door what others say for it, and no answer of its own', async () => {
    const [broken, fronted] = [await door(500), await door(502)];
    const states = [];
    for (const { url } of [broken, fronted]) {
      const connection = connectionTo(url);
      const product = createClient(connection, 'requests', operations);
      for (let time = 0; time < 6; time += 1) await assert.rejects(product.write({ id: 'tea' }), ServiceFault);
      states.push(connection.state().doors[0]!.breaker);
    }
    assert.deepEqual(states, ['closed', 'open']);
  });

  it('say how their connection fares', async () => {
    const { url } = await door('never');
    const connection = connectionTo(url);
    const asked = createClient(connection, 'requests', operations).hurry({ id: 'tea' });
    const { bulkheads } = connection.state();
    assert.deepEqual([bulkheads.prompt.inUse, bulkheads.patient], [0, { inUse: 1, limit: 500 }]);
    await assert.rejects(asked, ServiceFault);
    assert.deepEqual(connection.state(), {
      doors: [{ address: new URL(url).host, breaker: 'closed' }],
      bulkheads: { prompt: { inUse: 0, limit: 500 }, patient: { inUse: 0, limit: 500 } },
      retries: 0,
      faults: 1,
    });
  });
});
