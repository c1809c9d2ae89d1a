import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Scope, SCOPES } from '../../../activities/client.ts';
import { type Answer, type Harness, startHarness } from '../../stage/test-gateway.ts';
import { protectedOperations } from '../openapi/operations.ts';

interface Granted {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  error: string;
}

/**
 * Everything that API clients may do. The other operations are for people: their own cart, sessions, endpoints and
 * profile, which an API client does not have, placing orders for somebody, and decisions of admins.
 */
const OPEN_TO_CLIENTS: Record<string, Scope> = {
  createProduct: 'products:write',
  changeProduct: 'products:write',
  readStock: 'stock:read',
  adjustStock: 'stock:write',
  listOrders: 'orders:read',
  listParcels: 'orders:read',
  readOrder: 'orders:read',
  readHistory: 'orders:read',
  readIntervention: 'interventions:read',
  followOrder: 'orders:read',
  listReturns: 'orders:read',
  listStock: 'stock:read',
  cancelOrder: 'orders:cancel',
  receiveReturn: 'returns:write',
  listInterventions: 'interventions:read',
  resolveIntervention: 'interventions:write',
  searchOrders: 'orders:read',
  exportOrders: 'orders:read',
  reportSales: 'orders:read',
};

describe('API clients at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const allScopes = Object.keys(SCOPES) as Scope[];
  const create = async (...scopes: Scope[]) => {
    const { status, body } = await gateway.call('POST /v1/admin/clients', {
      as: gateway.admin,
      body: { name: 'scanner', scopes },
    });
    assert.equal(status, 201);
    return body as unknown as { id: string; secret: string };
  };
  const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const form = 'application/x-www-form-urlencoded';
  const grant = async (
    authorization: string,
    raw = 'grant_type=client_credentials',
  ): Promise<Answer & { granted: Granted }> => {
    const answer = await gateway.call('POST /v1/oauth/token', {
      raw,
      headers: { authorization, 'content-type': form },
    });
    return { ...answer, granted: answer.body as unknown as Granted };
  };
  const tokenFor = async (...scopes: Scope[]) => {
    const { id, secret } = await create(...scopes);
    return (await grant(basic(id, secret))).granted.access_token;
  };
  const callWith = (token: string, what: string, more: object = {}) =>
    gateway.call(what, { headers: { authorization: `Bearer ${token}` }, ...more });

  it('are created, listed, given new secrets and deleted by admins', async () => {
    const { id, secret } = await create('stock:read');
    const { body: listed, text } = await gateway.call('GET /v1/admin/clients', { as: gateway.admin });
    assert.ok(listed.items.some((client) => client.id === id));
    assert.ok(!text.includes(secret));
    const renewed = await gateway.call(`POST /v1/admin/clients/${id}/secret`, { as: gateway.admin });
    assert.equal(renewed.headers.get('cache-control'), 'no-store');
    const { secret: next } = renewed.body as unknown as { secret: string };
    const { access_token: token } = (await grant(basic(id, next))).granted;
    assert.equal((await callWith(token, 'GET /v1/products/tea/stock')).status, 200);
    assert.equal((await gateway.call(`DELETE /v1/admin/clients/${id}`, { as: gateway.admin })).status, 204);
    assert.equal((await callWith(token, 'GET /v1/products/tea/stock')).status, 401);
    assert.equal((await grant(basic(id, next))).status, 401);
  });

  it('get a token by RFC 6749, for some or all of their scopes', async () => {
    const { id, secret } = await create('stock:read', 'stock:write');
    const { status, headers, granted } = await grant(basic(id, secret));
    assert.deepEqual([status, headers.get('cache-control')], [200, 'no-store']);
    assert.match(headers.get('content-type')!, /^application\/json/);
    const { access_token: _token, ...rest } = granted;
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 900, scope: 'stock:read stock:write' });
    const some = await grant(basic(id, secret), 'grant_type=client_credentials&scope=stock%3Aread&resource=ignored');
    assert.equal(some.granted.scope, 'stock:read');
    const sent = { key: randomUUID(), body: { delta: 1, reason: 'counted' } };
    assert.equal((await callWith(some.granted.access_token, 'GET /v1/products/tea/stock')).status, 200);
    const refused = await gateway.call('POST /v1/products/tea/stock-adjustments', {
      ...sent,
      headers: { authorization: `Bearer ${some.granted.access_token}` },
    });
    assert.deepEqual([refused.status, refused.body.code], [403, 'InsufficientScope']);
    assert.equal(
      refused.headers.get('www-authenticate'),
      'Bearer realm="order-platform", error="insufficient_scope", scope="stock:write"',
    );
  });

  it('get the error codes of RFC 6749 for invalid requests', async () => {
    const { id, secret } = await create('stock:read');
    for (const [raw, error] of [
      ['', 'invalid_request'],
      ['scope=stock:read', 'invalid_request'],
      ['grant_type=password', 'unsupported_grant_type'],
      ['grant_type=client_credentials&scope=stock:write', 'invalid_scope'],
      ['grant_type=client_credentials&scope=', 'invalid_scope'],
      ['grant_type=client_credentials&scope=everything', 'invalid_scope'],
    ] as const) {
      const { status, granted } = await grant(basic(id, secret), raw);
      assert.deepEqual([status, granted.error], [400, error], raw);
    }
    const twice = await grant(basic(id, secret), 'grant_type=client_credentials&grant_type=client_credentials');
    assert.equal(twice.status, 400);
    const json = await gateway.call('POST /v1/oauth/token', {
      body: { grant_type: 'client_credentials' },
      headers: { authorization: basic(id, secret) },
    });
    assert.equal(json.status, 415);
  });

  it('are authenticated only by their id and secret', async () => {
    const { id, secret } = await create('stock:read');
    const other = await create('stock:read');
    const wrong = [
      '',
      basic(id, ''),
      basic('', secret),
      basic(id, other.secret),
      basic(`${id}%`, secret),
      `Basic ${id}:${secret}`,
      `Bearer ${secret}`,
      'Basic',
      'Basic =',
      basic(id, secret).slice(0, -6),
    ];
    for (const authorization of wrong) {
      const { status, granted, headers } = await grant(authorization);
      assert.deepEqual([status, granted.error], [401, 'invalid_client'], authorization);
      assert.match(headers.get('www-authenticate')!, /^Basic realm=/);
    }
    const inBody = await grant('', `grant_type=client_credentials&client_id=${id}&client_secret=${secret}`);
    assert.equal(inBody.status, 401);
  });

  it('may call each operation only with all of its scopes, and none without scopes', async () => {
    const token = await tokenFor(...allScopes);
    const open: Record<string, Scope> = {};
    for (const { operationId, method, path, security } of await protectedOperations(gateway)) {
      const scopes = security.flatMap(({ machine = [] }) => machine) as Scope[];
      const more = method === 'GET' ? {} : { body: {} };
      const headers = { 'idempotency-key': randomUUID() };
      const status = async (bearer: string) =>
        (
          await gateway.call(`${method} ${path}`, {
            ...more,
            headers: { ...headers, authorization: `Bearer ${bearer}` },
          })
        ).status;
      if (scopes.length === 0) {
        assert.equal(await status(token), 403, operationId);
        continue;
      }
      open[operationId] = scopes.join(' ') as Scope;
      assert.ok(![401, 403].includes(await status(token)), operationId);
      const others = allScopes.filter((scope) => !scopes.includes(scope));
      assert.equal(await status(await tokenFor(...others)), 403, operationId);
    }
    assert.deepEqual(open, OPEN_TO_CLIENTS);
  });

  it('see the orders of everybody with the scope to read orders', async () => {
    const token = await tokenFor('orders:read');
    assert.equal((await callWith(token, 'GET /v1/orders')).status, 200);
    assert.deepEqual(gateway.services.store.listed.at(-1), { status: undefined, after: undefined, limit: 20 });
  });
});
