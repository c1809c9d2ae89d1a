import assert from 'node:assert/strict';
import { type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpRequest, sendRequest } from '../../../platform/http/request.ts';

describe('a request to another server', () => {
  let server: Server;
  let connections: number;
  let respond: RequestListener;

  beforeEach(async () => {
    connections = 0;
    respond = (request, response) => void request.resume().once('end', () => response.end('"done"'));
    server = createServer((request, response) => respond(request, response));
    server.on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const post = (difference: Partial<HttpRequest> = {}) =>
    sendRequest({
      method: 'POST',
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      path: '/orders?id=1',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      timeoutMs: 10_000,
      ...difference,
    });

  it('uses the connections of the requests before it', async () => {
    for (let number = 0; number < 20; number += 1) assert.deepEqual(await post(), { status: 200, text: '"done"' });
    // A second one is opened where a request follows before undici has taken the first one back.
    assert.ok(connections <= 2, `${connections} connections`);
  });

  it('sends method, path, query, headers and body', async () => {
    respond = (request, response) => {
      const { method, url, headers } = request;
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => response.end(JSON.stringify([method, url, headers['content-type'], body])));
    };
    const { text } = await post({ body: '{"a":1}' });
    assert.deepEqual(JSON.parse(text), ['POST', '/orders?id=1', 'application/json', '{"a":1}']);
  });

  it('returns a redirect instead of following it', async () => {
    respond = (_request, response) => void response.writeHead(307, { location: '/elsewhere' }).end();
    assert.equal((await post()).status, 307);
  });

  it('fails if the whole response does not arrive in time', async () => {
    respond = (_request, response) => void response.write('the beginning');
    await assert.rejects(post({ timeoutMs: 50 }), { name: 'RequestTimeout', message: 'no response within 50 ms' });
  });

  it('fails with the reason of its cancellation, before and after it is sent', async () => {
    const reason = new Error('nobody waits for it');
    await assert.rejects(post({ cancellation: AbortSignal.abort(reason) }), reason);
    assert.equal(connections, 0);
    const canceling = new AbortController();
    respond = () => canceling.abort(reason);
    await assert.rejects(post({ cancellation: canceling.signal }), reason);
  });
});
