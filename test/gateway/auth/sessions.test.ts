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
  const isIn = async (session: Body, at = gateway.url): Promise<boolean> => {
    const { status } = await call(at, gateway.tokens, 'GET /v1/users/me', bearing(session));
    assert.ok(status === 200 || status === 401);
    return status === 200;
  };

  it('are gone on with by the refresh token, for answers that no cache keeps', async () => {
    const first = await signIn();
    const { status, body, headers } = await gateway.call('POST /v1/sessions/refresh', {
      body: { refreshToken: first.refreshToken },
    });
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
    assert.deepEqual(Object.keys(body).toSorted(), ['accessToken', 'expiresIn', 'refreshToken', 'tokenType']);
    assert.equal(decodeJwt(body.accessToken).sid, decodeJwt(first.accessToken).sid);
    assert.ok(await isIn(body));
  });

  it('say 401 for a refresh token that is none, or an access token', async () => {
    for (const refreshToken of ['rt_unknown', (await signIn()).accessToken.slice(0, 200)]) {
      const { status, body, headers } = await gateway.call('POST /v1/sessions/refresh', { body: { refreshToken } });
      assert.deepEqual([status, body.code], [401, 'SessionEnded']);
      assert.match(headers.get('www-authenticate')!, /^Bearer/);
    }
  });

  it('are listed, the current one marked, and ended one by one', async () => {
    gateway.services.store.sessions.open.clear();
    const [here, there] = [await signIn(), await signIn()];
    const { body } = await gateway.call('GET /v1/sessions', bearing(here));
    const current = body.items.filter((item) => item.current);
    assert.deepEqual([body.items.length, current.length], [2, 1]);
    const other = body.items.find((item) => !item.current)!;
    assert.equal((await gateway.call(`DELETE /v1/sessions/${other.id}`, bearing(here))).status, 204);
    assert.equal((await gateway.call(`DELETE /v1/sessions/${other.id}`, bearing(here))).status, 404);
    assert.deepEqual([await isIn(here), await isIn(there)], [true, false]);
  });

  it('end at once where somebody signs out, the access token too', async () => {
    const session = await signIn();
    assert.ok(await isIn(session));
    assert.equal((await gateway.call('DELETE /v1/sessions/current', bearing(session))).status, 204);
    assert.ok(!(await isIn(session)));
    const { refreshToken } = session;
    assert.equal((await gateway.call('POST /v1/sessions/refresh', { body: { refreshToken } })).status, 401);
  });

  it('of a token that belongs to none cannot be signed out of', async () => {
    assert.equal((await gateway.call('DELETE /v1/sessions/current', { as: gateway.customer })).status, 404);
  });

  it('that end elsewhere end here once this replica has looked', async () => {
    const session = await signIn();
    const { userId, sessionId } = [...gateway.services.store.sessions.open.values()].at(-1)!;
    await gateway.services.users.endSession({ userId, sessionId });
    assert.ok(await isIn(session));
    await gateway.ended.look(gateway.services.users);
    assert.ok(!(await isIn(session)));
  });

  it('say when to come back after too many wrong passwords', async () => {
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

  it('survive a change of password where it was made, and no other does', async () => {
    const [here, there] = [await signIn(), await signIn()];
    const change = (currentPassword: string, newPassword: string) =>
      gateway.call('PUT /v1/users/me/password', { body: { currentPassword, newPassword }, ...bearing(here) });
    const wrong = await change('not my password', 'another password');
    assert.deepEqual([wrong.status, wrong.body.code], [403, 'WrongPassword']);
    assert.equal((await change(ada.password, 'short')).status, 400);
    assert.equal((await change(ada.password, 'another password')).status, 204);
    await gateway.ended.look(gateway.services.users);
    assert.deepEqual([await isIn(here), await isIn(there)], [true, false]);
    assert.equal((await change('another password', ada.password)).status, 204);
  });
});

describe('ended sessions', () => {
  const lifetime = { lifetimeSeconds: 60 };
  const [a, b] = ['0b0e1b6e-0000-4000-8000-000000000001', '0b0e1b6e-0000-4000-8000-000000000002'];

  it('are asked after page by page, and from a little before the last time', async () => {
    const asked: string[] = [];
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
      asked.push(since);
      return pages.shift() ?? { items: [], asOf: second, more: false };
    };
    await ended.look({ endedSince });
    await ended.look({ endedSince });
    assert.ok(ended.has(a) && ended.has(b));
    assert.equal(asked[1], first);
    assert.equal(Date.parse(second) - Date.parse(asked[2]!), 30_000);
  });

  it('hold while nobody answers, and are learned once somebody does', async () => {
    const ended = new EndedSessions(lifetime);
    ended.add(a);
    const { promise: learned, resolve } = Promise.withResolvers<void>();
    let asked = 0;
    const warned: unknown[] = [];
    const stop = ended.keepLooking(
      {
        async endedSince() {
          if (asked++ === 0) throw new Error('down');
          resolve();
          return { items: [{ id: b, endedAt: new Date().toISOString() }], asOf: new Date().toISOString(), more: false };
        },
      },
      { warn: (...line: unknown[]) => warned.push(line) } as never,
    );
    await learned;
    await stop();
    assert.ok(ended.has(a) && ended.has(b));
    assert.equal(warned.length, 1);
  });
});

describe('what was found of a token', () => {
  const caller = { id: '0b0e1b6e-0000-4000-8000-000000000003', role: 'customer' as const };
  beforeEach(() => mock.timers.enable({ apis: ['Date'], now: Date.now() }));
  afterEach(() => mock.timers.reset());

  it('is looked up once, not beyond the token’s end, and never where it was refused', async () => {
    const tokens = await createTokens({ key: newKey('k'), issuer: 'i', audience: 'a', lifetimeSeconds: 60 });
    let looked = 0;
    let until: number | undefined;
    const verify = async (token: string) => {
      looked += 1;
      const verified = await tokens.verify(token);
      return verified && { ...verified, until: until ?? verified.until };
    };
    const callers = createCallers({ tokens: { verify }, ended: new EndedSessions(tokens) });
    const { accessToken } = await tokens.issue(caller);
    for (const _ of [1, 2, 3]) assert.deepEqual(await callers.callerOf(accessToken), caller);
    assert.equal(looked, 1);
    const another = await createTokens({ key: newKey('k'), issuer: 'i', audience: 'a', lifetimeSeconds: 60 });
    const { accessToken: forged } = await another.issue(caller);
    for (const _ of [1, 2]) assert.equal(await callers.callerOf(forged), undefined);
    assert.equal(looked, 3);
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
