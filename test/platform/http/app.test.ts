import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type ClientRequest, get, request } from 'node:http';
import { type Socket, connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import winston from 'winston';
import { z } from 'zod';
import { createApp } from '../../../platform/http/app.ts';
import { type AnyRoute, route } from '../../../platform/http/route.ts';
import { type Listening, listen } from '../../../platform/http/server.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { eventually } from '../../stage/eventually.ts';

describe('HTTP applications', () => {
  const metrics = createMetrics('test');
  const serve = (...routes: AnyRoute[]): Promise<Listening> =>
    listen(createApp({ routes, logger: winston.createLogger({ silent: true }), metrics, bodyLimit: 100 }), {
      port: 0,
      setting: 'PORT',
    });
  const common = { summary: 'a route of a test', tag: 'test', access: 'public' } as const;
  /** Accepts any object. */
  const anyObject = (address: string) =>
    route({
      ...common,
      method: 'post',
      path: address,
      operationId: 'anyObject',
      body: z.looseObject({}),
      responses: { 204: { description: 'taken' } },
      handle: async () => ({ status: 204 }),
    });

  it('respond with 304 by the entity tag alone, whatever Cache-Control says', async () => {
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
    for (const list of ['"b" , "a"', 'W/"b",W/"a"', '"b", "a", "c"', '"with, a comma", "a"']) {
      assert.equal(await statusFor(list), 304, list);
    }
    assert.equal(await statusFor('"b", "c"'), 200);
    assert.equal(await statusFor('"x,"a","'), 200, 'inside of another tag');
    assert.equal(await statusFor('*'), 304);
    assert.equal(await statusFor('"b"'), 200);
    assert.equal(await statusFor('a'), 200);
    await server.close();
  });

  it('build responses from their schema and drop other fields', async () => {
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

  it('refuse a query that the route does not declare, and accept an optional body', async () => {
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

  it('limit a chunked body without a Content-Length', async () => {
    const server = await serve(anyObject('/any'));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request(`${server.url}/any`, {
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

  it('decompress bodies, and limit the decompressed bytes', async () => {
    const packed = route({
      ...common,
      method: 'post',
      path: '/packed',
      operationId: 'packed',
      body: z.strictObject({ word: z.string() }),
      responses: { 200: { description: 'the word', body: z.string() } },
      handle: async ({ body: { word } }) => ({ status: 200, body: word }),
    });
    const server = await serve(packed);
    const send = async (encoding: string, body: Buffer<ArrayBuffer>) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      return (await fetch(`${server.url}/packed`, { method: 'POST', headers, body })).status;
    };
    const small = Buffer.from('{"word":"yes"}');
    const large = Buffer.from(`{"word":"${'x'.repeat(10_000)}"}`);
    assert.deepEqual(
      await Promise.all([
        send('gzip', gzipSync(small)),
        send('deflate', deflateSync(small)),
        send('br', brotliCompressSync(small)),
        send('gzip', gzipSync(large)),
        send('gzip', gzipSync(small).subarray(0, 20)),
        send('br', Buffer.from('not compressed')),
        send('zstd', small),
      ]),
      [200, 200, 200, 413, 400, 400, 415],
    );
    await server.close();
  });

  // More than the server buffers before it checks the limit.
  for (const [how, headers, body] of [
    ['chunked', '', Buffer.from(`{"word":"${'x'.repeat(2_000_000)}"}`)],
    [
      'compressed',
      'Content-Encoding: gzip\r\n',
      gzipSync(Buffer.from(`{"word":"${randomBytes(1_000_000).toString('hex')}"}`)),
    ],
  ] as const) {
    it(`serve the next request on a connection after a ${how} body that is too large`, async () => {
      const server = await serve(anyObject('/any'));
      const { hostname, port } = new URL(server.url);
      const socket = connect({ host: hostname, port: Number(port) });
      let received = '';
      socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
      socket.write(`POST /any HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}`);
      socket.write(`Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`);
      socket.write(body);
      socket.write('\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n');
      await eventually(() => assert.match(received, /HTTP\/1.1 413 [^]*HTTP\/1.1 404 /), 5_000);
      socket.destroy();
      await server.close();
    });
  }

  it('close the connection of a client that sends nothing and does not close', async () => {
    const app = createApp({ routes: [], logger: winston.createLogger({ silent: true }), metrics, bodyLimit: 100 });
    const timeouts = { headersMs: 100, requestMs: 100, silentMs: 300, checkMs: 20 };
    const server = await listen(app, { port: 0, setting: 'PORT', timeouts });
    const closed = Promise.withResolvers<void>();
    const watch = (message: unknown) => {
      const { socket: serverSide } = message as { socket: Socket };
      if (serverSide.localPort === server.port) serverSide.once('close', () => closed.resolve());
    };
    subscribe('net.server.socket', watch);
    const socket = connect({ host: new URL(server.url).hostname, port: server.port, allowHalfOpen: true });
    socket.write('GET /nothing HTTP/1.1\r\nHo');
    assert.match(String(await once(socket, 'data')), /^HTTP\/1.1 408 /);
    await closed.promise;
    assert.ok(socket.writable, 'the client side is still open');
    unsubscribe('net.server.socket', watch);
    socket.destroy();
    await server.close();
  });

  it('survive a client that pipelines an oversized compressed body behind a slow request and disconnects', async () => {
    const reached = Promise.withResolvers<void>();
    const slow = route({
      ...common,
      method: 'get',
      path: '/slow',
      operationId: 'slow',
      responses: { 204: { description: 'never' } },
      handle: () => new Promise<never>(() => reached.resolve()),
    });
    const server = await serve(slow, anyObject('/refused'));
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    // The second response waits for the first, so its request is still open after its body has been refused.
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await reached.promise;
    const body = gzipSync(Buffer.from(`{"word":"${'x'.repeat(10_000)}"}`));
    const head = 'POST /refused HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n';
    socket.write(`${head}Content-Length: ${body.length + 1_000}\r\n\r\n`);
    socket.write(body);
    await eventually(async () => assert.match(await metrics.registry.metrics(), /route="\/refused",status_code="413"/));
    await once(socket.destroy(), 'close');
    assert.equal((await fetch(`${server.url}/nothing`)).status, 404);
    await server.close();
  });

  it('finish running requests when they close, and keep no idle connection', async () => {
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
    const sent: ClientRequest = get(`${server.url}/slow`, { headers: { connection: 'keep-alive' } });
    const status = new Promise<number | undefined>((resolve, reject) => {
      sent.once('response', (response) => resolve(response.resume().statusCode));
      sent.once('error', reject);
    });
    await arrived;
    const closed = server.close();
    await assert.rejects(fetch(`${server.url}/slow`));
    finish();
    assert.equal(await status, 204);
    const started = Date.now();
    await closed;
    assert.ok(Date.now() - started < 5_000, 'the kept-alive connection delayed the shutdown');
  });
});
