import assert from 'node:assert/strict';
import type { User } from '../../../activities/user.ts';
import { userOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('users in the hands of admins', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness();
  });
  afterEach(() => gateway.close());

  const add = (difference: Partial<User> = {}): User => {
    const user = userOf(difference);
    gateway.services.store.users.set(user.id, { ...user, password: 'secret' });
    return user;
  };
  const change = (id: string, body: object, headers: Record<string, string> = {}) =>
    gateway.call(`PATCH /v1/admin/users/${id}`, { as: gateway.admin, body, headers });

  it('are listed and searched, without what only they need to know', async () => {
    const { id, email, name, createdAt } = add();
    const { body, text } = await gateway.call('GET /v1/admin/users?q=ada&limit=5', { as: gateway.admin });
    const expected = { id, email, name, createdAt, role: 'customer', active: true, emailVerified: false };
    assert.deepEqual(body.items, [expected]);
    assert.ok(!text.includes('secret'));
    assert.deepEqual(gateway.services.store.listed.at(-1), { query: 'ada', after: undefined, limit: 5 });
    add();
    const page = await gateway.call('GET /v1/admin/users?q=ada&limit=1', { as: gateway.admin });
    assert.equal(page.body.next, '/v1/admin/users?cursor=c-2&limit=1&q=ada');
    assert.equal((await gateway.call('GET /v1/admin/users?cursor=bad', { as: gateway.admin })).body.code, 'BadCursor');
  });

  it('get roles and are deactivated, if they have not changed meanwhile', async () => {
    const { id } = add();
    const read = await gateway.call(`GET /v1/admin/users/${id}`, { as: gateway.admin });
    const ifMatch = { 'if-match': read.headers.get('etag')! };
    const changed = await change(id, { role: 'support', reason: 'joined' }, ifMatch);
    assert.deepEqual([changed.status, changed.body], [200, { ...read.body, role: 'support' }]);
    const late = await change(id, { active: false }, ifMatch);
    assert.deepEqual([late.status, late.body.code], [412, 'PreconditionFailed']);
    const again = await change(id, { active: false }, { 'if-match': changed.headers.get('etag')! });
    assert.deepEqual([again.status, again.body], [200, { ...changed.body, active: false }]);
  });

  it('are not changed by an empty or unknown change, nor where there is no such user', async () => {
    const { id } = add();
    for (const body of [{}, { reason: 'joined' }, { role: 'boss' }, { email: 'a@example.com' }]) {
      assert.equal((await change(id, body)).status, 400, JSON.stringify(body));
    }
    for (const unknown of ['me', '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c']) {
      assert.equal((await change(unknown, { active: false })).status, 404, unknown);
      assert.equal((await gateway.call(`GET /v1/admin/users/${unknown}`, { as: gateway.admin })).status, 404, unknown);
    }
  });

  it('do not lock themselves out', async () => {
    add({ id: gateway.admin.id, role: 'admin' });
    const { status, body } = await change(gateway.admin.id, { active: false });
    assert.deepEqual([status, body.code], [409, 'OwnAccess']);
  });
});
