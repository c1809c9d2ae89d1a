import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import { type JWTHeaderParameters, type JWTPayload, SignJWT, base64url, importJWK, jwtVerify } from 'jose';
import { createTokens } from '../../../gateway/auth/tokens.ts';
import { SettingError } from '../../../platform/config.ts';
import { type Harness, newKey, startHarness } from '../../stage/test-gateway.ts';

describe('access tokens', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => mock.timers.reset());

  const now = () => Math.floor(Date.now() / 1000);
  /** A valid token with the given differences. */
  const forge = async (
    { header = {}, claims = {} }: { header?: Partial<JWTHeaderParameters>; claims?: Record<string, unknown> } = {},
    key = gateway.signingKey,
  ) =>
    new SignJWT({
      sub: gateway.customer.id,
      role: 'customer',
      iss: 'order-platform',
      aud: 'order-platform',
      iat: now(),
      nbf: now(),
      exp: now() + 60,
      jti: randomUUID(),
      ...claims,
    })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'key-1', ...header })
      .sign(await importJWK(key, 'EdDSA'), { crit: { unheard: true } });
  const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
  const callWith = (token: string) => gateway.call('GET /v1/orders', { headers: { authorization: `Bearer ${token}` } });

  it('are accepted if they are valid', async () => {
    assert.equal((await callWith(await forge())).status, 200);
  });

  it('are required, with a challenge that names the scheme', async () => {
    const { status, body, headers } = await gateway.call('GET /v1/orders');
    assert.deepEqual([status, body.code], [401, 'Unauthorized']);
    assert.equal(headers.get('www-authenticate'), 'Bearer realm="order-platform"');
  });

  it('are refused if they are forged, changed, or meant for somebody else', async () => {
    const good = await forge();
    const [head, payload, signature] = good.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JWTPayload;
    const { x } = gateway.signingKey;
    const confused = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${payload}`;
    const hmac = (key: string | Buffer) => createHmac('sha256', key).update(confused).digest('base64url');
    const invalid: Record<string, string> = {
      'alg none': `${encode({ alg: 'none', typ: 'at+jwt', kid: 'key-1' })}.${payload}.`,
      'alg None, signed': `${encode({ alg: 'None', typ: 'at+jwt', kid: 'key-1' })}.${payload}.${signature}`,
      'HS256 with the public key': `${confused}.${hmac(Buffer.from(x, 'base64url'))}`,
      'HS256 with the public key as text': `${confused}.${hmac(x)}`,
      'HS256 with the public JWK': `${confused}.${hmac(JSON.stringify(gateway.tokens.keySet.keys[0]))}`,
      'another type': await forge({ header: { typ: 'JWT' } }),
      'another audience': await forge({ claims: { aud: 'somebody-else' } }),
      'another issuer': await forge({ claims: { iss: 'somebody-else' } }),
      expired: await forge({ claims: { exp: now() - 6 } }),
      'not valid yet': await forge({ claims: { nbf: now() + 60 } }),
      'without an expiry': await forge({ claims: { exp: undefined } }),
      'another key': await forge({}, newKey('key-1')),
      'another key with its own id': await forge({ header: { kid: 'key-2' } }, newKey('key-2')),
      'our key with another id': await forge({ header: { kid: 'key-2' } }),
      'a key in the header': await forge({ header: { jwk: newKey('key-1') } }, newKey('key-1')),
      'critical extensions': await forge({ header: { crit: ['unheard'], unheard: 1 } }),
      'an unknown role': await forge({ claims: { role: 'root' } }),
      'an invalid subject': await forge({ claims: { sub: 'everybody' } }),
      'another role': `${head}.${encode({ ...claims, role: 'admin' })}.${signature}`,
      'no signature': `${head}.${payload}.`,
      'two parts': `${head}.${payload}`,
      nonsense: 'nonsense',
    };
    for (const [what, token] of Object.entries(invalid)) {
      const { status, body, headers } = await callWith(token);
      assert.deepEqual([status, body.code], [401, 'InvalidToken'], what);
      assert.match(headers.get('www-authenticate')!, /error="invalid_token"/, what);
    }
  });

  it('are read from the Authorization header only', async () => {
    const token = await forge();
    assert.equal((await gateway.call(`GET /v1/orders?access_token=${token}`)).status, 401);
    for (const authorization of [`Basic ${token}`, token, 'Bearer', `Bearer ${token} ${token}`]) {
      assert.equal((await gateway.call('GET /v1/orders', { headers: { authorization } })).status, 401);
    }
  });

  it('tolerate clocks that differ by five seconds', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    assert.equal((await callWith(await forge({ claims: { exp: now() - 2 } }))).status, 200);
    assert.equal((await callWith(await forge({ claims: { nbf: now() + 3 } }))).status, 200);
  });

  it('can be verified with the published public key', async () => {
    const { status, body, headers } = await gateway.call('GET /.well-known/jwks.json');
    assert.deepEqual([status, headers.get('cache-control')], [200, 'public, max-age=300']);
    const { x } = gateway.signingKey;
    assert.deepEqual(body, {
      keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid: 'key-1', alg: 'EdDSA', use: 'sig' }],
    });
    const { accessToken } = await gateway.tokens.issue(gateway.admin);
    const { payload, protectedHeader } = await jwtVerify(accessToken, await importJWK(body.keys[0]!, 'EdDSA'));
    assert.deepEqual(protectedHeader, { alg: 'EdDSA', typ: 'at+jwt', kid: 'key-1' });
    assert.deepEqual([payload.sub, payload.role], [gateway.admin.id, 'admin']);
  });

  it('are not issued with a key whose halves do not match', async () => {
    const key = { ...newKey('k'), x: newKey('k').x };
    const options = { issuer: 'i', audience: 'a', lifetimeSeconds: 60 };
    await assert.rejects(createTokens({ ...options, key }), SettingError);
    await assert.rejects(createTokens({ ...options, key: { ...key, d: 'short' } }), SettingError);
  });
});
