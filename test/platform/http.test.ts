import assert from 'node:assert/strict';
import { type ClientRequest, get, request } from 'node:http';
import winston from 'winston';
import { z } from 'zod';
import { createApp } from '../../platform/http/app.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { type Listening, listen } from '../../platform/http/server.ts';
import { createMetrics } from '../../platform/metrics.ts';

describe('HTTP applications', () => {
  const serve = (...routes: AnyRoute[]): Promise<Listening> =>
    listen(
      createApp({
        routes,
        logger: winston.createLogger({ silent: true }),
        metrics: createMetrics('test'),
        bodyLimit: 100,
      }),
      { port: 0, setting: 'PORT' },
    );
  const common = { summary: 'a route of a test', tag: 'test', access: 'public' } as const;

  it('answer 304 by the entity tag alone, whatever Cache-Control says', async () => {
    const tagged = route({
      ...common,
      method: 'get',
      path: '/tagged',
      operationId: 'tagged',
      responses: { 200: { description: 'tagged', body: z.object({}) } },
      handle: async () => ({ status: 200, body: {}, headers: { ETag: '"a"' } }),
    });
    const server = await serve(tagged);
    const statusFor = async (tag: string) =>
      (await fetch(`${server.url}/tagged`, { headers: { 'if-none-match': tag } })).status;
    assert.equal(await statusFor('"a"'), 304);
    assert.equal(await statusFor('W/"a"'), 304);
    assert.equal(await statusFor('"b" , "a"'), 304);
    assert.equal(await statusFor('*'), 304);
    assert.equal(await statusFor('"b"'), 200);
    assert.equal(await statusFor('a'), 200);
    await server.close();
  });

  it('build answers from their shape: a field it does not name never leaves', async () => {
    const leaky = route({
      ...common,
      method: 'get',
      path: '/leaky',
      operationId: 'leaky',
      responses: { 200: { description: 'leaky', body: z.object({ name: z.string() }) } },
      handle: async () => ({ status: 200, body: { name: 'Ada', passwordHash: 'secret' } }),
    });
    const server = await serve(leaky);
    assert.deepEqual(await (await fetch(`${server.url}/leaky`)).json(), { name: 'Ada' });
    await server.close();
  });

  it('refuse a query where a route has none, and take a body where it may be left out', async () => {
    const optional = route({
      ...common,
      method: 'post',
      path: '/optional',
      operationId: 'optional',
      body: z.strictObject({ word: z.string() }).optional(),
      responses: { 200: { description: 'the word', body: z.object({ word: z.string() }) } },
      handle: async ({ body }) => ({ status: 200, body: { word: body?.word ?? 'none' } }),
    });
    const server = await serve(optional);
    const post = async (query: string, body?: string) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${server.url}/optional${query}`, { method: 'POST', headers, body: body ?? null });
      return [response.status, ((await response.json()) as { word?: string }).word];
    };
    assert.deepEqual(await post(''), [200, 'none']);
    assert.deepEqual(await post('', '{"word":"yes"}'), [200, 'yes']);
    assert.deepEqual(await post('', '{}'), [400, undefined]);
    assert.deepEqual(await post('?x=1'), [400, undefined]);
    await server.close();
  });

  it('count bytes that arrive in pieces, without a length', async () => {
    const wide = route({
      ...common,
      method: 'post',
      path: '/wide',
      operationId: 'wide',
      body: z.looseObject({}),
      responses: { 204: { description: 'taken' } },
      handle: async () => ({ status: 204 }),
    });
    const server = await serve(wide);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${server.url}/wide`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      });
      sending.once('response', (response) => resolve(response.resume().statusCode));
      sending.once('error', reject);
      sending.write('{"a":"');
      sending.end(`${'x'.repeat(200)}"}`);
    });
    assert.equal(status, 413);
    await server.close();
  });

  it('let what is under way end when they close, and keep no idle connection', async () => {
    let finish = () => {};
    let reached = () => {};
    const arrived = new Promise<void>((resolve) => (reached = resolve));
    const slow = route({
      ...common,
      method: 'get',
      path: '/slow',
      operationId: 'slow',
      responses: { 204: { description: 'done' } },
      async handle() {
        reached();
        await new Promise<void>((resolve) => (finish = resolve));
        return { status: 204 };
      },
    });
    const server = await serve(slow);
    const asked: ClientRequest = get(`${server.url}/slow`, { headers: { connection: 'keep-alive' } });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      asked.once('response', (response) => resolve(response.resume().statusCode));
      asked.once('error', reject);
    });
    await arrived;
    const closed = server.close();
    await assert.rejects(fetch(`${server.url}/slow`));
    finish();
    assert.equal(await answered, 204);
    const started = Date.now();
    await closed;
    assert.ok(Date.now() - started < 5_000, 'the kept-alive connection held the server up');
  });
});
