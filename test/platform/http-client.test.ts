import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Operations } from '../../activities/operation.ts';
import { Breaker } from '../../platform/http/breaker.ts';
import { ServiceFault, createClient } from '../../platform/http/client.ts';
import { Refusal } from '../../platform/refusal.ts';

interface Face {
  read(request: { id: string }): Promise<{ name: string }>;
  write(request: { id: string }): Promise<void>;
}

const operations: Operations<Face> = {
  read: { request: z.object({ id: z.string() }), response: z.object({ name: z.string() }), repeatable: true },
  write: { request: z.object({ id: z.string() }), response: z.undefined(), repeatable: false, timeoutMs: 300 },
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
  const client = (...urls: string[]) =>
    createClient<Face>({ service: 'product', urls, token: 'the token' }, 'requests', operations);
  afterEach(() => {
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
    await assert.rejects(client(url).write({ id: 'tea' }), ServiceFault);
    assert.ok(Date.now() - started < 3_000);
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
    const settled = await Promise.allSettled(Array.from({ length: 503 }, () => product.write({ id: 'tea' })));
    const turnedAway = settled.filter(
      (one) => one.status === 'rejected' && /wait for it already/.test((one.reason as Error).message),
    );
    assert.equal(turnedAway.length, 3);
  });
});

describe('a breaker', () => {
  it('breaks at the fifth fault in a row and lets one try every half second', () => {
    const breaker = new Breaker();
    for (let fault = 0; fault < 4; fault += 1) breaker.failed(1_000);
    assert.equal(breaker.lets(1_000), true);
    breaker.answered();
    for (let fault = 0; fault < 5; fault += 1) breaker.failed(1_000);
    assert.deepEqual([breaker.lets(1_000), breaker.lets(1_499)], [false, false]);
    assert.deepEqual([breaker.lets(1_500), breaker.lets(1_500), breaker.lets(1_999)], [true, false, false]);
    breaker.failed(1_600);
    assert.deepEqual([breaker.lets(2_099), breaker.lets(2_100)], [false, true]);
    breaker.answered();
    assert.deepEqual([breaker.lets(2_100), breaker.lets(2_100)], [true, true]);
  });
});
