import assert from 'node:assert/strict';
import { decodeProtectedHeader } from 'jose';
import { startGateway } from '../../../gateway/start.ts';
import { type SigningKey, createTokens } from '../../../gateway/auth/tokens.ts';
import type { Running } from '../../../platform/process.ts';
import { user } from '../../../services/user/service.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { eventually } from '../../stage/eventually.ts';
import { type Body, call, newKey } from '../../stage/test-gateway.ts';

/** The whole gateway process with a real user service, each with its own database. */
describe('a change of the signing key', () => {
  const TOKEN = 's'.repeat(32);
  let [own, theirs] = [] as unknown as [FreshDatabase<unknown>, FreshDatabase<unknown>];
  let users: Running & { url: string };
  before(async () => {
    [own, theirs] = [await freshDatabase('gateway'), await freshDatabase('user')];
    users = await user.start({
      USER_DATABASE_URL: theirs.url,
      USER_PORT: '0',
      SERVICE_TOKEN: TOKEN,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      LOG_LEVEL: 'error',
    });
  });
  after(async () => {
    await users.close();
    await Promise.all([own.drop(), theirs.drop()]);
  });

  const publicPart = ({ d: _private, ...rest }: SigningKey) => rest;
  const gatewayWith = (key: SigningKey, ...others: SigningKey[]) =>
    startGateway({
      PORT: '0',
      METRICS_PORT: '0',
      GATEWAY_DATABASE_URL: own.url,
      USER_URL: users.url,
      SERVICE_TOKEN: TOKEN,
      CARRIER_CALLBACK_SECRET: 'c'.repeat(32),
      JWT_PRIVATE_KEY: JSON.stringify(key),
      JWT_PUBLIC_KEYS: JSON.stringify(others.map(publicPart)),
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      LOG_LEVEL: 'error',
    });
  type Gateway = Awaited<ReturnType<typeof gatewayWith>>;
  const request = async ({ url }: Gateway, what: string, options: Parameters<typeof call>[3]) =>
    call(url, await createTokens({ key: newKey('x'), issuer: 'i', audience: 'a', lifetimeSeconds: 60 }), what, options);
  const profile = (gateway: Gateway, { accessToken }: Body) =>
    request(gateway, 'GET /v1/users/me', { headers: { authorization: `Bearer ${accessToken}` } });

  it('signs nobody out: tokens of both keys are accepted, and sessions continue', async () => {
    const [old, next] = [newKey('2026-01'), newKey('2026-02')];
    const person = { email: 'ada@example.com', password: 'correct horse battery' };
    // First every replica accepts the next key, then each signs with it, then the old key is removed.
    const first = await gatewayWith(old, next);
    await request(first, 'POST /v1/users', { body: { ...person, name: 'Ada' } });
    const session = (await request(first, 'POST /v1/sessions', { body: person })).body;
    assert.equal((await profile(first, session)).status, 200);

    const second = await gatewayWith(next, old);
    assert.equal((await profile(second, session)).status, 200);
    const { refreshToken } = session;
    const refreshed = await request(second, 'POST /v1/sessions/refresh', { body: { refreshToken } });
    assert.equal(refreshed.status, 200);
    assert.equal(decodeProtectedHeader(refreshed.body.accessToken).kid, '2026-02');
    assert.equal((await profile(first, refreshed.body)).status, 200, 'a replica that has not been restarted yet');
    const { body } = await request(second, 'GET /.well-known/jwks.json', {});
    assert.deepEqual(
      body.keys.map(({ kid, d }) => [kid, d]),
      [
        ['2026-02', undefined],
        ['2026-01', undefined],
      ],
    );

    const third = await gatewayWith(next);
    assert.equal((await profile(third, refreshed.body)).status, 200);
    assert.equal((await profile(third, session)).status, 401);
    await Promise.all([first.close(), second.close(), third.close()]);
  });

  it('does not affect signing out, which every replica learns within a moment', async () => {
    const key = newKey('k');
    const [first, second] = [await gatewayWith(key), await gatewayWith(key)];
    const person = { email: 'grace@example.com', password: 'correct horse battery' };
    await request(first, 'POST /v1/users', { body: { ...person, name: 'Grace' } });
    const session = (await request(first, 'POST /v1/sessions', { body: person })).body;
    assert.equal((await profile(second, session)).status, 200);
    const headers = { authorization: `Bearer ${session.accessToken}` };
    assert.equal((await request(first, 'DELETE /v1/sessions/current', { headers })).status, 204);
    assert.equal((await profile(first, session)).status, 401);
    await eventually(async () => assert.equal((await profile(second, session)).status, 401));
    await Promise.all([first.close(), second.close()]);
  });
});
