import assert from 'node:assert/strict';
import { type Api, type ApiRequest, Unreachable, createApi } from '../../tools/api/client.ts';
import { BadCredentials, withSession } from '../../tools/api/session.ts';

const POST: ApiRequest = { method: 'POST', path: '/v1/orders', headers: { 'idempotency-key': 'k' }, body: { a: 1 } };
const problem =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ code }), {
      status,
      headers: { 'content-type': 'application/problem+json', ...headers },
    });
const created = () => Response.json({ ok: true }, { status: 201 });
const refusedConnection = (): Response => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
};

/** A client whose server sends these responses in turn, the last one repeatedly; it records the client's pauses. */
function clientOf(responses: (() => Response)[], retryForMs = 60_000) {
  const sent: RequestInit[] = [];
  const pauses: number[] = [];
  const api = createApi('http://shop', {
    retryForMs,
    fetch: async (_url, init) => {
      sent.push(init!);
      return responses[Math.min(sent.length, responses.length) - 1]!();
    },
    pause: async (ms) => pauses.push(ms),
  });
  return { api, sent, pauses };
}

describe('the tools’ client', () => {
  it('repeats the same request with the same key until it succeeds', async () => {
    const { api, sent } = clientOf([refusedConnection, problem(502, 'BadGateway'), created]);
    const { status, body } = await api(POST);
    assert.deepEqual([status, body], [201, { ok: true }]);
    assert.equal(sent.length, 3);
    for (const { headers, body: text } of sent) {
      assert.equal((headers as Record<string, string>)['idempotency-key'], 'k');
      assert.equal(text, '{"a":1}');
    }
  });

  it('waits as long as Retry-After says after 429, 503 and 409', async () => {
    const after = (seconds: string) => ({ 'retry-after': seconds });
    const { api, pauses } = clientOf([
      problem(429, 'TooManyRequests', after('7')),
      problem(503, 'Unavailable', after('3')),
      problem(409, 'StillRunning', after('1')),
      created,
    ]);
    assert.equal((await api(POST)).status, 201);
    assert.deepEqual(pauses, [7000, 3000, 1000]);
  });

  it('does not retry refusals', async () => {
    for (const [status, code] of [
      [400, 'InvalidRequest'],
      [409, 'SkuTaken'],
      [422, 'IdempotencyKeyReused'],
    ] as const) {
      const { api, sent } = clientOf([problem(status, code)]);
      assert.equal((await api(POST)).status, status);
      assert.equal(sent.length, 1);
    }
  });

  it('gives up with the reason when the time for retries is over', async () => {
    const { api } = clientOf([refusedConnection], 0);
    await assert.rejects(
      api(POST),
      (error) =>
        error instanceof Unreachable && error.message === 'could not reach http://shop/v1/orders (ECONNREFUSED)',
    );
  });

  it('does not give up while the server only limits the rate', async () => {
    const slow = problem(429, 'TooManyRequests', { 'retry-after': '1' });
    const { api } = clientOf([slow, slow, slow, created], 0);
    assert.equal((await api(POST)).status, 201);
  });
});

describe('a client with a session', () => {
  const credentials = { email: 'a@b.example', password: 'password1' };

  /** Issues the tokens t1, t2, … and accepts those for which `isAccepted` holds. With `canRefresh` false, sessions end. */
  function apiOf(expiresIn: number, isAccepted: (token: string) => boolean, canRefresh = true) {
    let issued = 0;
    const counts = { signIns: 0, refreshed: [] as unknown[] };
    const tokens = () => ({ accessToken: `t${++issued}`, refreshToken: `r${issued}`, expiresIn });
    const api: Api = async ({ path, headers = {}, body }) => {
      if (path === '/v1/sessions') {
        counts.signIns += 1;
        return { status: 201, headers: new Headers(), body: tokens() };
      }
      if (path === '/v1/sessions/refresh') {
        counts.refreshed.push((body as { refreshToken: string }).refreshToken);
        return { status: canRefresh ? 200 : 401, headers: new Headers(), body: canRefresh ? tokens() : {} };
      }
      const token = (headers.authorization ?? '').replace('Bearer ', '');
      return { status: isAccepted(token) ? 200 : 401, headers: new Headers(), body: { token } };
    };
    return { api, counts };
  }

  it('signs in once for concurrent requests', async () => {
    const { api, counts } = apiOf(900, () => true);
    const customer = withSession(api, credentials);
    await Promise.all(Array.from({ length: 10 }, () => customer({ method: 'GET', path: '/v1/orders' })));
    assert.equal(counts.signIns, 1);
  });

  it('signs in again when its token is rejected', async () => {
    const { api, counts } = apiOf(900, (token) => token !== 't1');
    const customer = withSession(api, credentials);
    const responses = await Promise.all([1, 2, 3].map(() => customer({ method: 'GET', path: '/v1/orders' })));
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(counts.signIns, 2);
  });

  it('renews an expired access token with the refresh token, each used once', async () => {
    const { api, counts } = apiOf(0, () => true);
    const customer = withSession(api, credentials);
    for (const _ of [1, 2, 3]) assert.equal((await customer({ method: 'GET', path: '/v1/orders' })).status, 200);
    assert.deepEqual(counts, { signIns: 1, refreshed: ['r1', 'r2'] });
  });

  it('signs in again when its session has ended', async () => {
    const { api, counts } = apiOf(0, () => true, false);
    const customer = withSession(api, credentials);
    for (const _ of [1, 2]) assert.equal((await customer({ method: 'GET', path: '/v1/orders' })).status, 200);
    assert.deepEqual(counts, { signIns: 2, refreshed: ['r1'] });
  });

  it('reports wrong credentials', async () => {
    const api: Api = async () => ({ status: 401, headers: new Headers(), body: { code: 'BadCredentials' } });
    await assert.rejects(withSession(api, credentials)({ method: 'GET', path: '/' }), BadCredentials);
  });
});
