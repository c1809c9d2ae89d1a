import assert from 'node:assert/strict';
import type { ExternalIssuer } from '../../../gateway/auth/external-issuer.ts';
import { OidcIssuer } from '../../stage/fake-oidc-issuer.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('an external issuer of people’s roles', () => {
  const issuer = new OidcIssuer();
  const open: Harness[] = [];
  const start = async (difference: Partial<ExternalIssuer> = {}): Promise<Harness> => {
    const external = {
      issuer: issuer.url,
      keysUrl: undefined,
      audience: 'shop',
      algorithms: ['RS256'],
      roleClaim: 'realm_access.roles',
      adminValue: 'shop-admin',
      ...difference,
    };
    const harness = await startHarness({ external });
    open.push(harness);
    return harness;
  };
  before(async () => {
    await issuer.start();
    await issuer.addKey('RS256');
  });
  after(async () => {
    await Promise.all(open.map((harness) => harness.close()));
    await issuer.stop();
  });

  const callWith = (token: string, what: string, at: Harness) =>
    at.call(what, { headers: { authorization: `Bearer ${token}` } });
  const statusOf = async (token: string, at: Harness) => (await callWith(token, 'GET /v1/orders', at)).status;

  it('grants each role of staff by its own value, and the first where somebody has several', async () => {
    const values = { support: 'shop-support', fulfilment: 'warehouse', viewer: 'shop-viewer' };
    const shop = await start({ staffValues: values });
    const mayOf = async (roles: string[], at = shop) => {
      const token = await issuer.sign({ sub: roles.join(' '), realm_access: { roles } });
      const statuses = ['GET /v1/admin/mailbox', 'GET /v1/products/tea/stock', 'GET /v1/admin/clients'].map(
        async (what) => (await callWith(token, what, at)).status === 200,
      );
      return Promise.all(statuses);
    };
    assert.deepEqual(await mayOf(['shop-viewer']), [true, false, false]);
    assert.deepEqual(await mayOf(['warehouse', 'shop-viewer']), [true, true, false]);
    assert.deepEqual(await mayOf(['warehouse', 'shop-support']), [true, false, false]);
    assert.deepEqual(await mayOf(['shop-support', 'shop-admin']), [true, true, true]);
    assert.deepEqual(await mayOf(['support', 'viewer']), [false, false, false]);
    assert.deepEqual(await mayOf(['shop-support'], await start()), [false, false, false]);
  });

  it('decides about roles, and admins here about who is deactivated', async () => {
    const shop = await start();
    const mallory = await issuer.sign({ sub: 'mallory' });
    const { body } = await callWith(mallory, 'GET /v1/users/me', shop);
    const admin = await issuer.sign({ sub: 'boss', realm_access: { roles: ['shop-admin'] } });
    const change = (what: object) =>
      shop.call(`PATCH /v1/admin/users/${body.id}`, { headers: { authorization: `Bearer ${admin}` }, body: what });
    const refused = await change({ role: 'viewer' });
    assert.deepEqual([refused.status, refused.body.code], [409, 'RoleElsewhere']);
    assert.equal((await change({ active: false })).status, 200);
    // From the profile, as a gateway that has just started does.
    assert.equal(await statusOf(await issuer.sign({ sub: 'mallory', jti: 'another' }), shop), 401);
    // From the user service's list, as every gateway does within a second.
    shop.services.store.sessions.ended.push(body.id);
    await shop.ended.refresh(shop.services.users);
    assert.equal(await statusOf(mallory, shop), 401);
    assert.equal((await change({ active: true })).status, 200);
  });
});
