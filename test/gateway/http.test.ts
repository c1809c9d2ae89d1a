import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect as dial } from 'node:net';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

describe('HTTP at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness({ corsOrigins: ['https://shop.example'] });
  });
  after(() => gateway.close());

  it('returns problem documents for unknown paths and methods', async () => {
    const absent = await gateway.call('GET /v1/nothing');
    assert.deepEqual([absent.status, absent.body.code, absent.body.instance], [404, 'NotFound', '/v1/nothing']);
    const wrong = await gateway.call('DELETE /v1/orders');
    assert.deepEqual([wrong.status, wrong.body.code], [405, 'MethodNotAllowed']);
    assert.deepEqual(wrong.headers.get('allow')!.split(', ').toSorted(), ['GET', 'HEAD', 'POST']);
    for (const { headers } of [absent, wrong])
      assert.match(headers.get('content-type')!, /^application\/problem\+json/);
  });

  it('allows no unusual methods', async () => {
    for (const method of ['TRACE', 'QUERY', 'PROPFIND']) {
      const sent = request(`${gateway.url}/v1/orders`, { method }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      assert.equal(answer.statusCode, 405, method);
    }
  });

  it('combines a repeated header that has a list, and refuses another', async () => {
    const { accessToken } = await gateway.tokens.issue(gateway.customer);
    const clearCart = async (headers: Record<string, string | string[]>) => {
      const sent = request(`${gateway.url}/v1/cart`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${accessToken}`, ...headers },
      }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    assert.equal(await clearCart({ 'if-match': ['"7"', '"0"'] }), 204);
    assert.equal(await clearCart({ 'if-match': ['"7"', '"8"'] }), 412);
    assert.equal(await clearCart({ prefer: ['respond-async', 'wait=5'] }), 204);
    assert.equal(await clearCart({ 'idempotency-key': ['a', 'b'] }), 400);
  });

  it('gives every request an id, the caller’s if it is valid', async () => {
    const named = await gateway.call('GET /v1/nothing', { headers: { 'x-request-id': 'mine-1' } });
    assert.deepEqual([named.headers.get('x-request-id'), named.body.requestId], ['mine-1', 'mine-1']);
    const odd = await gateway.call('GET /livez', { headers: { 'x-request-id': 'a b<script>' } });
    assert.match(odd.headers.get('x-request-id')!, /^[\da-f-]{36}$/);
  });

  it('tells browsers not to render its responses', async () => {
    for (const what of ['GET /v1/products', 'GET /v1/nothing']) {
      const { headers } = await gateway.call(what);
      assert.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'");
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.ok(headers.get('strict-transport-security'));
      assert.equal(headers.get('x-powered-by'), null);
    }
  });

  it('allows calls from pages of the configured origins only', async () => {
    const from = (origin: string) => gateway.call('GET /v1/products', { headers: { origin } });
    const friend = await from('https://shop.example');
    assert.equal(friend.headers.get('access-control-allow-origin'), 'https://shop.example');
    assert.match(friend.headers.get('access-control-expose-headers')!, /Idempotent-Replayed/);
    assert.equal(friend.headers.get('access-control-allow-credentials'), null);
    assert.equal((await from('https://evil.example')).headers.get('access-control-allow-origin'), null);
    const preflight = await gateway.call('OPTIONS /v1/orders', {
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers')!, /Idempotency-Key.*Last-Event-ID/);
    const bare = await startHarness();
    const { headers } = await bare.call('GET /v1/products', { headers: { origin: 'https://shop.example' } });
    await bare.close();
    assert.equal(headers.get('access-control-allow-origin'), null);
  });

  it('reports health, and serves metrics only at another port', async () => {
    for (const path of ['/livez', '/readyz']) {
      const { status, body } = await gateway.call(`GET ${path}`);
      assert.deepEqual([status, body.status], [200, 'ok']);
    }
    assert.equal((await gateway.call('GET /metrics')).status, 404);
  });

  it('measures requests by route, not by path', async () => {
    await gateway.call('GET /v1/products/tea');
    const { values } = await gateway.metrics.httpRequestDuration.get();
    const routes = new Set(values.map(({ labels }) => labels.route));
    assert.ok(routes.has('/v1/products/:sku') && !routes.has('/v1/products/tea'));
  });

  it('responds to HEAD like to GET, without a body', async () => {
    const { status, text, headers } = await gateway.call('HEAD /v1/products/tea');
    assert.deepEqual([status, text], [200, '']);
    assert.ok(headers.get('etag'));
  });

  it('returns a problem document even for invalid HTTP', async () => {
    const talk = (text: string) =>
      new Promise<string>((resolve, reject) => {
        let received = '';
        const socket = dial(Number(new URL(gateway.url).port), '127.0.0.1', () => socket.write(text));
        socket.on('data', (chunk) => (received += chunk.toString()));
        socket.on('end', () => resolve(received));
        socket.on('error', reject);
      });
    assert.match(await talk('nonsense\r\n\r\n'), /^HTTP\/1.1 400 .*application\/problem\+json.*"MalformedRequest"/s);
    const large = `GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`;
    assert.match(await talk(large), /^HTTP\/1.1 431 .*application\/problem\+json.*"HeadersTooLarge"/s);
  });
});
