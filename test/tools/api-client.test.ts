import assert from 'node:assert/strict';
import { type Api, type Ask, Unreachable, createApi } from '../../tools/api/client.ts';
import { BadCredentials, signedIn } from '../../tools/api/session.ts';

const POST: Ask = { method: 'POST', path: '/v1/orders', headers: { 'idempotency-key': 'k' }, body: { a: 1 } };
const problem =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ code }), {
      status,
      headers: { 'content-type': 'application/problem+json', ...headers },
    });
const fine = () => Response.json({ fine: true }, { status: 201 });
const silence = (): Response => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
};

/** A server that answers one after the other, the last for ever; and a client that notes its pauses. */
function clientOf(answers: (() => Response)[], patienceMs = 60_000) {
  const sent: RequestInit[] = [];
  const pauses: number[] = [];
  const api = createApi('http://shop', {
    patienceMs,
    fetch: async (_url, init) => {
      sent.push(init!);
      return answers[Math.min(sent.length, answers.length) - 1]!();
    },
    pause: async (ms) => pauses.push(ms),
  });
  return { api, sent, pauses };
}

describe('the tools’ client', () => {
  it('asks again, the same under the same key, until there is an answer', async () => {
    const { api, sent } = clientOf([silence, problem(502, 'BadGateway'), fine]);
    const { status, body } = await api(POST);
    assert.deepEqual([status, body], [201, { fine: true }]);
    assert.equal(sent.length, 3);
    for (const { headers, body: text } of sent) {
      assert.equal((headers as Record<string, string>)['idempotency-key'], 'k');
      assert.equal(text, '{"a":1}');
    }
  });

  it('waits as long as Retry-After says on 429, 503 and 409', async () => {
    const after = (seconds: string) => ({ 'retry-after': seconds });
    const { api, pauses } = clientOf([
      problem(429, 'TooManyRequests', after('7')),
      problem(503, 'Unavailable', after('3')),
      problem(409, 'StillRunning', after('1')),
      fine,
    ]);
    assert.equal((await api(POST)).status, 201);
    assert.deepEqual(pauses, [7000, 3000, 1000]);
  });

  it('takes every considered answer as one, also a no', async () => {
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

  it('gives up, saying why, when its patience ends', async () => {
    const { api } = clientOf([silence], 0);
    await assert.rejects(api(POST), (error) => error instanceof Unreachable && /ECONNREFUSED/.test(error.message));
  });

  it('never gives up on a server that only asks it to slow down', async () => {
    const slow = problem(429, 'TooManyRequests', { 'retry-after': '1' });
    const { api } = clientOf([slow, slow, slow, fine], 0);
    assert.equal((await api(POST)).status, 201);
  });
});

describe('a signed-in client', () => {
  const credentials = { email: 'a@b.example', password: 'password1' };

  /** An API that hands out tokens t1, t2, … and takes only those in `good`; sessions end where `refreshes` is false. */
  function apiOf(expiresIn: number, good: (token: string) => boolean, refreshes = true) {
    let handedOut = 0;
    const asked = { signIns: 0, refreshed: [] as unknown[] };
    const tokens = () => ({ accessToken: `t${++handedOut}`, refreshToken: `r${handedOut}`, expiresIn });
    const api: Api = async ({ path, headers = {}, body }) => {
      if (path === '/v1/sessions') {
        asked.signIns += 1;
        return { status: 201, headers: new Headers(), body: tokens() };
      }
      if (path === '/v1/sessions/refresh') {
        asked.refreshed.push((body as { refreshToken: string }).refreshToken);
        return { status: refreshes ? 200 : 401, headers: new Headers(), body: refreshes ? tokens() : {} };
      }
      const token = (headers.authorization ?? '').replace('Bearer ', '');
      return { status: good(token) ? 200 : 401, headers: new Headers(), body: { token } };
    };
    return { api, asked };
  }

  it('signs in once for many requests at once', async () => {
    const { api, asked } = apiOf(900, () => true);
    const customer = signedIn(api, credentials);
    await Promise.all(Array.from({ length: 10 }, () => customer({ method: 'GET', path: '/v1/orders' })));
    assert.equal(asked.signIns, 1);
  });

  it('signs in again when its token is refused', async () => {
    const { api, asked } = apiOf(900, (token) => token !== 't1');
    const customer = signedIn(api, credentials);
    const answers = await Promise.all([1, 2, 3].map(() => customer({ method: 'GET', path: '/v1/orders' })));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.equal(asked.signIns, 2);
  });

  it('goes on by its refresh token when its access token has expired, each used once', async () => {
    const { api, asked } = apiOf(0, () => true);
    const customer = signedIn(api, credentials);
    for (const _ of [1, 2, 3]) assert.equal((await customer({ method: 'GET', path: '/v1/orders' })).status, 200);
    assert.deepEqual(asked, { signIns: 1, refreshed: ['r1', 'r2'] });
  });

  it('signs in again when its session has ended', async () => {
    const { api, asked } = apiOf(0, () => true, false);
    const customer = signedIn(api, credentials);
    for (const _ of [1, 2]) assert.equal((await customer({ method: 'GET', path: '/v1/orders' })).status, 200);
    assert.deepEqual(asked, { signIns: 2, refreshed: ['r1'] });
  });

  it('says when nobody has this e-mail and password', async () => {
    const api: Api = async () => ({ status: 401, headers: new Headers(), body: { code: 'BadCredentials' } });
    await assert.rejects(signedIn(api, credentials)({ method: 'GET', path: '/' }), BadCredentials);
  });
});
