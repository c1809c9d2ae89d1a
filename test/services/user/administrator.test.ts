import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { ensureAdministrator } from '../../../services/user/administrator.ts';
import { user } from '../../../services/user/service.ts';
import { eventually } from '../../stage/eventually.ts';
import { freePort } from '../../stage/free-ports.ts';
import { password, passwords, sessionStage } from './test-sessions.ts';

describe('user service: the administrator', () => {
  const stage = sessionStage();
  const ensure = (admin: { email: string; password: string }) =>
    ensureAdministrator(stage.database.db, passwords, admin);
  const eventsOf = (userId: string) =>
    stage.database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', userId)
      .orderBy('sequence')
      .execute();
  const hashOf = async (userId: string) =>
    (
      await stage.database.db
        .selectFrom('credentials')
        .select('password_hash')
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow()
    ).password_hash;
  const boss = () => ({ email: `boss.${randomUUID()}@example.com`, password: 'a password of weight' });
  const settings = () => ({
    USER_DATABASE_URL: stage.database.url,
    USER_PORT: '0',
    SERVICE_TOKEN: 'a service token of more than thirty-two characters',
    LOG_LEVEL: 'error',
  });
  const untilReady = ({ url }: { url: string }) =>
    eventually(async () => assert.equal((await fetch(`${url}/readyz`)).status, 200));

  it('exists once after start, even if several processes start', async () => {
    const admin = boss();
    await Promise.all([1, 2, 3, 4].map(() => ensure(admin)));
    await ensure(admin);
    const { userId, role } = await stage.signIn(admin);
    assert.equal(role, 'admin');
    assert.deepEqual(
      (await eventsOf(userId)).map(({ type }) => type),
      ['user.created'],
    );
  });

  it('keeps the password hash if nothing changed, and gets a new password if the setting changed', async () => {
    const admin = boss();
    await ensure(admin);
    const { userId: id, refreshToken } = await stage.signIn(admin);
    const hash = await hashOf(id);
    await ensure(admin);
    assert.equal(await hashOf(id), hash);
    await ensure({ ...admin, password: 'another password' });
    await assert.rejects(stage.users.signIn(admin), { code: 'BadCredentials' });
    assert.equal((await stage.signIn({ ...admin, password: 'another password' })).userId, id);
    await assert.rejects(stage.users.refreshSession({ refreshToken }), { code: 'SessionEnded' });
  });

  it('takes over an account that was signed up with the address before', async () => {
    const squatter = { email: `Ada.${randomUUID()}@Example.com`, password, name: 'Ada Lovelace' };
    const { id } = await stage.users.register(squatter);
    const admin = { email: squatter.email.toLowerCase(), password: 'a password of weight' };
    await ensure(admin);
    assert.equal((await stage.signIn(admin)).role, 'admin');
    await assert.rejects(stage.signIn(squatter), { code: 'BadCredentials' });
    assert.deepEqual((await eventsOf(id)).at(-1), {
      type: 'user.updated',
      data: { userId: id, email: squatter.email, name: squatter.name, role: 'admin' },
    });
  });

  it('requires both settings or neither', async () => {
    const { email, password } = boss();
    for (const [given, complaint] of [
      [{ ADMIN_EMAIL: email }, /^setting ADMIN_PASSWORD: is not set, though ADMIN_EMAIL is$/],
      [{ ADMIN_PASSWORD: password }, /^setting ADMIN_EMAIL: is not set, though ADMIN_PASSWORD is$/],
      [{ ADMIN_EMAIL: email, ADMIN_PASSWORD: 'short' }, /^setting ADMIN_PASSWORD: (?!.*short)/],
    ] as const) {
      await assert.rejects(user.start({ ...settings(), ...given }), { name: 'SettingError', message: complaint });
    }
    const service = await user.start({ ...settings(), ADMIN_EMAIL: email, ADMIN_PASSWORD: password });
    await untilReady(service);
    await service.close();
    assert.equal((await stage.signIn({ email, password })).role, 'admin');
  });

  it('is created when the database can be reached, and until then the service is not ready', async () => {
    const admin = boss();
    const target = new URL(stage.database.url);
    const port = await freePort();
    const proxied = new URL(stage.database.url);
    proxied.port = String(port);
    const service = await user.start({
      ...settings(),
      USER_DATABASE_URL: proxied.href,
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      LOG_LEVEL: 'emerg',
    });
    assert.equal((await fetch(`${service.url}/readyz`)).status, 503);
    const proxy = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      pipeline(client, upstream, client).catch(() => undefined);
    });
    proxy.listen(port, '127.0.0.1');
    await untilReady(service);
    assert.equal((await stage.signIn(admin)).role, 'admin');
    await service.close();
    proxy.close();
  });
});
