import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { userOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('links in e-mails at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness({ rates: { perMinute: 1_000_000, signInPerMinute: 40 } });
    gateway.services.store.users.set(gateway.customer.id, { ...userOf({ id: gateway.customer.id }), password: 'old' });
  });
  after(() => gateway.close());

  it('are asked for with 202, whether or not there is an account', async () => {
    for (const email of ['ada@example.com', 'nobody@example.com']) {
      const { status, text } = await gateway.call('POST /v1/password-resets', { body: { email } });
      assert.deepEqual([status, text], [202, ''], email);
    }
    assert.deepEqual(gateway.services.store.links.requested.splice(0), ['ada@example.com', 'nobody@example.com']);
  });

  it('set a new password, once', async () => {
    const { users, links } = gateway.services.store;
    links.tokens.set('pr_token', gateway.customer.id);
    const reset = (password: string) => gateway.call('POST /v1/password-resets/pr_token', { body: { password } });
    assert.equal((await reset('short')).status, 400);
    assert.equal((await reset('a new password')).status, 204);
    assert.equal(users.get(gateway.customer.id)!.password, 'a new password');
    const { status, body } = await reset('another password');
    assert.deepEqual([status, body.code], [404, 'LinkNotFound']);
  });

  it('verify the address of a signed-in user, which the profile shows', async () => {
    const { links } = gateway.services.store;
    const as = gateway.customer;
    assert.equal((await gateway.call('POST /v1/email-verifications')).status, 401);
    assert.equal((await gateway.call('POST /v1/email-verifications', { as })).status, 428);
    assert.equal((await gateway.call('POST /v1/email-verifications', { as, key: randomUUID() })).status, 202);
    assert.deepEqual(links.requested.splice(0), [gateway.customer.id]);
    const emailVerified = async () =>
      ((await gateway.call('GET /v1/users/me', { as })).body as unknown as { emailVerified: boolean }).emailVerified;
    assert.equal(await emailVerified(), false);
    links.tokens.set('ev_token', gateway.customer.id);
    assert.equal((await gateway.call('POST /v1/email-verifications/ev_token')).status, 204);
    assert.equal(await emailVerified(), true);
    assert.equal((await gateway.call('POST /v1/email-verifications/ev_token')).status, 404);
  });

  it('are as few as sign-ins from one address', async () => {
    const statusOf = async (path: string) =>
      (await gateway.call(`POST ${path}`, { body: { email: 'a@example.com', password: 'a new password' } })).status;
    const paths = ['/v1/password-resets', '/v1/password-resets/x', '/v1/email-verifications/x', '/v1/sessions'];
    for (let count = 0; count < 40; count += 1) await statusOf(paths[count % paths.length]!);
    for (const path of paths) assert.equal(await statusOf(path), 429, path);
  });
});
