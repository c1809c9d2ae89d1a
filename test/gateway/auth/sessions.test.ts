import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { decodeJwt } from 'jose';
import { createCallers } from '../../../gateway/auth/callers.ts';
import { EndedSessions } from '../../../gateway/auth/ended-sessions.ts';
import { createTokens } from '../../../gateway/auth/tokens.ts';
import { type Body, type Harness, call, newKey, startHarness } from '../../stage/test-gateway.ts';

describe('sessions at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
    await gateway.call('POST /v1/users', { body: { ...ada, name: 'Ada' } });
  });
  after(() => gateway.close());

  const ada = { email: 'ada@example.com', password: 'correct horse battery' };
  const signIn = async (): Promise<Body> => {
    const { status, body } = await gateway.call('POST /v1/sessions', { body: ada });
    assert.equal(status, 201);
    return body;
  };
  const bearing = ({ accessToken }: Pick<Body, 'accessToken'>) => ({
    headers: { authorization: `Bearer ${accessToken}` },
  });
  const isSignedIn = async (session: Body, at = gateway.url): Promise<boolean> => {
    const { status } = await call(at, gateway.tokens, 'GET /v1/users/me', bearing(session));
    assert.ok(status === 200 || status === 401);
    return status === 200;
  };

  it('continue with the refresh token, whose response no cache stores', async () => {
    const first = await signIn();
    const { status, body, headers } = await gateway.call('POST /v1/sessions/refresh', {
      body: { refreshToken: first.refreshToken },
    });
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
    assert.deepEqual(Object.keys(body).toSorted(), ['accessToken', 'expiresIn', 'refreshToken', 'tokenType']);
    assert.equal(decodeJwt(body.accessToken).sid, decodeJwt(first.accessToken).sid);
    assert.ok(await isSignedIn(body));
  });

  it('return 401 for an invalid refresh token, or an access token in its place', async () => {
    for (const refreshToken of ['rt_unknown', (await signIn()).accessToken.slice(0, 200)]) {
      const { status, body, headers } = await gateway.call('POST /v1/sessions/refresh', { body: { refreshToken } });
      assert.deepEqual([status, body.code], [401, 'SessionEnded']);
      assert.match(headers.get('www-authenticate')!, /^Bearer/);
    }
  });

  it('are listed with the current one marked, and can be ended one by one', async () => {
    gateway.services.store.sessions.open.clear();
    const [here, there] = [await signIn(), await signIn()];
    const { body } = await gateway.call('GET /v1/sessions', bearing(here));
    const current = body.items.filter((item) => item.current);
    assert.deepEqual([body.items.length, current.length], [2, 1]);
    const other = body.items.find((item) => !item.current)!;
    assert.equal((await gateway.call(`DELETE /v1/sessions/${other.id}`, bearing(here))).status, 204);
    assert.equal((await gateway.call(`DELETE /v1/sessions/${other.id}`, bearing(here))).status, 404);
    assert.deepEqual([await isSignedIn(here), await isSignedIn(there)], [true, false]);
  });

  it('end at once when the user signs out, and so does the access token', async () => {
    const session = await signIn();
    assert.ok(await isSignedIn(session));
    assert.equal((await gateway.call('DELETE /v1/sessions/current', bearing(session))).status, 204);
    assert.ok(!(await isSignedIn(session)));
    const { refreshToken } = session;
    assert.equal((await gateway.call('POST /v1/sessions/refresh', { body: { refreshToken } })).status, 401);
  });

  it('cannot be ended with a token that belongs to none', async () => {
    assert.equal((await gateway.call('DELETE /v1/sessions/current', { as: gateway.customer })).status, 404);
  });

  it('that ended on another replica end here after a refresh', async () => {
    const session = await signIn();
    const { userId, sessionId } = [...gateway.services.store.sessions.open.values()].at(-1)!;
    await gateway.services.users.endSession({ userId, sessionId });
    assert.ok(await isSignedIn(session));
    await gateway.ended.refresh(gateway.services.users);
    assert.ok(!(await isSignedIn(session)));
  });

  it('return 429 with Retry-After after too many wrong passwords', async () => {
    const { sessions } = gateway.services.store;
    const { accessToken } = await signIn();
    sessions.waitSeconds = 64;
    const change = { currentPassword: ada.password, newPassword: 'another password' };
    const answers = [
      await gateway.call('POST /v1/sessions', { body: ada }),
      await gateway.call('PUT /v1/users/me/password', { body: change, ...bearing({ accessToken }) }),
    ];
    sessions.waitSeconds = 0;
    for (const { status, body, headers } of answers) {
      assert.deepEqual([status, body.code, headers.get('retry-after')], [429, 'TooManyAttempts', '64']);
    }
  });

  it('survive a change of password only where it was made', async () => {
    const [here, there] = [await signIn(), await signIn()];
    const change = (currentPassword: string, newPassword: string) =>
      gateway.call('PUT /v1/users/me/password', { body: { currentPassword, newPassword }, ...bearing(here) });
    const wrong = await change('not my password', 'another password');
    assert.deepEqual([wrong.status, wrong.body.code], [403, 'WrongPassword']);
    assert.equal((await change(ada.password, 'short')).status, 400);
    assert.equal((await change(ada.password, 'another password')).status, 204);
    await gateway.ended.refresh(gateway.services.users);
    assert.deepEqual([await isSignedIn(here), await isSignedIn(there)], [true, false]);
    assert.equal((await change('another password', ada.password)).status, 204);
  });
});

describe('ended sessions', () => {
  const lifetime = { lifetimeSeconds: 60 };
  const [a, b] = ['0b0e1b6e-0000-4000-8000-000000000001', '0b0e1b6e-0000-4000-8000-000000000002'];

  it('are read page by page, starting shortly before the last refresh', async () => {
    const requested: string[] = [];
    const [first, second] = [new Date(Date.now() - 1000), new Date()].map((date) => date.toISOString()) as [
      string,
      string,
    ];
    const pages = [
      { items: [{ id: a, endedAt: first }], asOf: first, more: true },
      { items: [{ id: b, endedAt: second }], asOf: second, more: false },
    ];
    const ended = new EndedSessions(lifetime);
    const endedSince = async ({ since }: { since: string }) => {
      requested.push(since);
      return pages.shift() ?? { items: [], asOf: second, more: false };
    };
    await ended.refresh({ endedSince });
    await ended.refresh({ endedSince });
    assert.ok(ended.has(a) && ended.has(b));
    assert.equal(requested[1], first);
    assert.equal(Date.parse(second) - Date.parse(requested[2]!), 30_000);
  });

  it('stay known while the user service is down, and are refreshed afterwards', async () => {
    const ended = new EndedSessions(lifetime);
    ended.add(a);
    const { promise: refreshed, resolve } = Promise.withResolvers<void>();
    let calls = 0;
    const warned: unknown[] = [];
    const loop = ended.keepRefreshing(
      {
        async endedSince() {
          if (calls++ === 0) throw new Error('down');
          resolve();
          return { items: [{ id: b, endedAt: new Date().toISOString() }], asOf: new Date().toISOString(), more: false };
        },
      },
      { warn: (...line: unknown[]) => warned.push(line) } as never,
    );
    await refreshed;
    await loop.close();
    assert.ok(ended.has(a) && ended.has(b));
    assert.equal(warned.length, 1);
  });
});

describe('the cached caller of a token', () => {
  const caller = { id: '0b0e1b6e-0000-4000-8000-000000000003', role: 'customer' as const };
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }));
  afterEach(() => mock.timers.reset());

  it('is verified once, not used after the token’s expiry, and never cached for invalid tokens', async () => {
    const tokens = await createTokens({ key: newKey('k'), issuer: 'i', audience: 'a', lifetimeSeconds: 60 });
    let verifications = 0;
    let until: number | undefined;
    const verify = async (token: string) => {
      verifications += 1;
      const verified = await tokens.verify(token);
      return verified && { ...verified, until: until ?? verified.until };
    };
    const callers = createCallers({ tokens: { verify }, ended: new EndedSessions(tokens) });
    const { accessToken } = await tokens.issue(caller);
    for (const _ of [1, 2, 3]) assert.deepEqual(await callers.callerOf(accessToken), caller);
    assert.equal(verifications, 1);
    const another = await createTokens({ key: newKey('k'), issuer: 'i', audience: 'a', lifetimeSeconds: 60 });
    const { accessToken: forged } = await another.issue(caller);
    for (const _ of [1, 2]) assert.equal(await callers.callerOf(forged), undefined);
    assert.equal(verifications, 3);
    until = Date.now() - 1;
    const { accessToken: expired } = await tokens.issue(caller);
    assert.equal(await callers.callerOf(expired), undefined);
    const { accessToken: expiring } = await tokens.issue(caller);
    until = Date.now() + 50;
    assert.deepEqual(await callers.callerOf(expiring), caller);
    mock.timers.tick(50);
    assert.equal(await callers.callerOf(expiring), undefined);
  });
});
