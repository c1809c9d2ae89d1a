import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Writable } from 'node:stream';
import { exportSPKI, importJWK } from 'jose';
import winston from 'winston';
import { type ExternalIssuer, ExternalTokens, userIdOf } from '../../../gateway/auth/external-issuer.ts';
import { OidcIssuer } from '../../stage/fake-oidc-issuer.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('an external issuer', () => {
  const issuer = new OidcIssuer();
  let gateway: Harness;
  const open: Harness[] = [];
  const optionsOf = (difference: Partial<ExternalIssuer> = {}): ExternalIssuer => ({
    issuer: issuer.url,
    keysUrl: undefined,
    audience: 'shop',
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    roleClaim: 'realm_access.roles',
    adminValue: 'shop-admin',
    ...difference,
  });
  const start = async (difference: Partial<ExternalIssuer> = {}): Promise<Harness> => {
    const harness = await startHarness({ external: optionsOf(difference) });
    open.push(harness);
    return harness;
  };
  before(async () => {
    await issuer.start();
    for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) await issuer.addKey(alg);
    gateway = await start();
  });
  after(async () => {
    await Promise.all(open.map((harness) => harness.close()));
    await issuer.stop();
  });

  const callWith = (token: string, what = 'GET /v1/users/me', at = gateway) =>
    at.call(what, { headers: { authorization: `Bearer ${token}` } });
  const statusOf = async (token: string, at = gateway) => (await callWith(token, 'GET /v1/orders', at)).status;

  it('is accepted with each kind of its keys, and for tokens without a type', async () => {
    for (const key of issuer.keys) assert.equal(await statusOf(await issuer.sign({}, { key })), 200, key.alg);
    for (const typ of ['JWT', 'application/at+jwt', undefined]) {
      assert.equal(await statusOf(await issuer.sign({}, { header: { typ } as never })), 200, typ);
    }
  });

  it('gives each person a permanent id, and a profile with a verified e-mail address', async () => {
    const sub = 'auth0|grace';
    const { status, body } = await callWith(
      await issuer.sign({ sub, name: 'Grace Hopper', email: 'grace@example.com', email_verified: true }),
    );
    assert.deepEqual([status, body.id, body.name], [200, userIdOf(issuer.url, sub), 'Grace Hopper']);
    assert.equal((body as unknown as { email: string }).email, 'grace@example.com');
    // RFC 9562: a UUID version 5 of the standard variant.
    assert.match(body.id, /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  for (const [address, verified, given] of [
    ['info@example.xn--p1ai', true, 'info@example.xn--p1ai'],
    ['info@пример.рф', true, 'info@xn--e1afmkfd.xn--p1ai'],
    ['as-text@example.com', 'true', 'as-text@example.com'],
    ['grace@example-.com', true, undefined],
    ['пользователь@пример.рф', true, undefined],
    ['boss@example.com', false, undefined],
    ['boss@example.com', 'false', undefined],
    ['boss@example.com', undefined, undefined],
  ] as const) {
    it(`gives ${given ? 'the' : 'no'} address for ${address}, verified ${verified}, and logs what it drops`, async () => {
      const claims = { sub: `${address} ${verified}`, email: address, email_verified: verified };
      const token = await issuer.sign(claims);
      const { body } = await callWith(token);
      assert.equal((body as unknown as { email: string }).email, given ?? 'none@unknown.invalid');
      const logged: { userId: string }[] = [];
      const stream = new Writable({
        objectMode: true,
        write(entry: { userId: string }, _encoding, done) {
          logged.push(entry);
          done();
        },
      });
      const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] });
      await new ExternalTokens(optionsOf(), logger).verify(token);
      assert.deepEqual(
        logged.map(({ userId }) => userId),
        given ? [] : [userIdOf(issuer.url, claims.sub)],
      );
    });
  }

  it('grants the admin role only by the configured claim and value', async () => {
    const statusFor = async (claims: object, at = gateway) =>
      (await callWith(await issuer.sign({ sub: 'boss', ...claims }), 'GET /v1/admin/interventions', at)).status;
    assert.equal(await statusFor({ realm_access: { roles: ['user', 'shop-admin'] } }), 200);
    for (const claims of [
      {},
      { role: 'admin' },
      { realm_access: { roles: ['admin'] } },
      { realm_access: { roles: 'shop-admins' } },
      { realm_access: { roles: [['shop-admin']] } },
      { realm_access: 'shop-admin' },
      { roles: ['shop-admin'] },
    ]) {
      assert.equal(await statusFor(claims), 403, JSON.stringify(claims));
    }
    const named = await start({ roleClaim: 'https://shop.example/role', adminValue: 'boss' });
    assert.equal(await statusFor({ 'https://shop.example/role': 'boss' }, named), 200);
  });

  it('replaces signing in here: the routes for it name the issuer', async () => {
    const { accessToken } = await gateway.tokens.issue(gateway.admin);
    assert.equal(await statusOf(accessToken), 401, 'an own token');
    const passwords = ['PUT /v1/users/me/password', 'POST /v1/password-resets', 'POST /v1/password-resets/token'];
    const addresses = ['POST /v1/email-verifications', 'POST /v1/email-verifications/token'];
    for (const what of ['POST /v1/sessions', 'POST /v1/users', 'GET /v1/sessions', ...passwords, ...addresses]) {
      const { status, body } = await callWith(await issuer.sign(), what);
      assert.deepEqual([status, body.code], [403, 'SignInElsewhere'], what);
      assert.ok(body.detail.includes(issuer.url));
    }
  });

  it('does not affect API clients: they still sign in here', async () => {
    const boss = await issuer.sign({ sub: 'boss', realm_access: { roles: ['shop-admin'] } });
    const created = await gateway.call('POST /v1/admin/clients', {
      headers: { authorization: `Bearer ${boss}` },
      body: { name: 'scanner', scopes: ['orders:read'] },
    });
    assert.equal(created.status, 201);
    const scopes = ['orders:read'];
    const { accessToken } = await gateway.tokens.issue({ id: created.body.id, role: 'admin', scopes });
    assert.equal(await statusOf(accessToken), 200);
  });

  it('does not affect guests: they need not sign in', async () => {
    const { status, body } = await gateway.call('POST /v1/guests', { body: { email: 'ada@example.com' } });
    assert.deepEqual([status, await statusOf(body.accessToken)], [201, 200]);
    assert.equal((await callWith(body.accessToken)).status, 403);
  });

  it('is not accepted with an invalid token', async () => {
    const [rsa, ec, ed] = issuer.keys as [(typeof issuer.keys)[0], (typeof issuer.keys)[0], (typeof issuer.keys)[0]];
    const stranger = await new OidcIssuer().addKey('RS256');
    const now = Math.floor(Date.now() / 1000);
    const good = await issuer.sign();
    const [head, payload, signature] = good.split('.') as [string, string, string];
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const spki = await exportSPKI((await importJWK(rsa.publicJwk, 'RS256')) as never);
    const confused = `${encode({ alg: 'HS256', kid: rsa.kid })}.${payload}`;
    const hmac = (key: string) => createHmac('sha256', key).update(confused).digest('base64url');
    const bad: Record<string, string> = {
      'another issuer': await issuer.sign({ iss: 'https://evil.example' }),
      'another issuer, almost': await issuer.sign({ iss: `${issuer.url}/` }),
      'another audience': await issuer.sign({ aud: 'another-shop' }),
      'no audience': await issuer.sign({ aud: undefined }),
      'an ID token': await issuer.sign({ aud: 'a-client', nonce: 'n' }, { header: { typ: 'JWT' } }),
      expired: await issuer.sign({ exp: now - 31 }),
      'without an expiry': await issuer.sign({ exp: undefined }),
      'without an issue time': await issuer.sign({ iat: undefined }),
      'not valid yet': await issuer.sign({ nbf: now + 60 }),
      'without a subject': await issuer.sign({ sub: undefined }),
      'an empty subject': await issuer.sign({ sub: '' }),
      'a subject that is not a string': await issuer.sign({ sub: { admin: true } }),
      'another type': await issuer.sign({}, { header: { typ: 'logout+jwt' } }),
      'an unknown key': await issuer.sign({}, { key: stranger }),
      'an unknown key with a known id': await issuer.sign({}, { key: { ...stranger, kid: rsa.kid } }),
      'a key with the id of another key': await issuer.sign({}, { key: { ...ec, kid: ed.kid } }),
      'a key in the header': await issuer.sign({}, { key: stranger, header: { jwk: stranger.publicJwk } }),
      'a key URL in the header': await issuer.sign({}, { key: stranger, header: { jku: `${issuer.url}/keys` } }),
      'alg none': `${encode({ alg: 'none', kid: rsa.kid })}.${payload}.`,
      'HS256 with the public key': `${confused}.${hmac(spki)}`,
      'HS256 with the public JWK': `${confused}.${hmac(JSON.stringify(rsa.publicJwk))}`,
      'another payload': `${head}.${encode({ iss: issuer.url, aud: 'shop', sub: 'boss', iat: now, exp: now + 60 })}.${signature}`,
    };
    for (const [what, token] of Object.entries(bad)) {
      const { status, body } = await callWith(token, 'GET /v1/orders');
      assert.deepEqual([status, body.code], [401, 'InvalidToken'], what);
    }
    const strict = await start({ algorithms: ['ES256'] });
    assert.equal(await statusOf(await issuer.sign({}, { key: ec }), strict), 200);
    assert.equal(await statusOf(await issuer.sign({}, { key: rsa }), strict), 401);
  });

  it('may change its keys: a new one is fetched, and a removed one is no longer accepted', async () => {
    const changing = new OidcIssuer();
    await changing.start();
    const old = await changing.addKey('ES256');
    const at = await start({ issuer: changing.url });
    const token = await changing.sign();
    assert.equal(await statusOf(token, at), 200);
    const next = await changing.addKey('ES256');
    await at.external!.refreshKeys();
    assert.equal(await statusOf(await changing.sign({}, { key: next }), at), 200);
    assert.equal(await statusOf(token, at), 200);
    changing.keys.splice(changing.keys.indexOf(old), 1);
    await at.external!.refreshKeys();
    assert.equal(await statusOf(token, at), 401, 'it was verified before its key was removed');
    assert.equal(await statusOf(await changing.sign({}, { key: next }), at), 200);
    await changing.stop();
  });

  it('gets few requests during a flood of unknown keys', async () => {
    // For the next half minute unknown keys are not requested.
    await gateway.external!.refreshKeys();
    const before = issuer.keyRequests;
    const stranger = await new OidcIssuer().addKey('ES256');
    for (let time = 0; time < 20; time += 1) {
      assert.equal(
        await statusOf(await issuer.sign({ jti: String(time) }, { key: { ...stranger, kid: `k${time}` } })),
        401,
      );
    }
    assert.equal(issuer.keyRequests, before);
  });

  it('may be down: known keys stay valid, and tokens with other keys get 503', async () => {
    const flaky = new OidcIssuer();
    await flaky.start();
    const [known, later] = [await flaky.addKey('EdDSA'), await new OidcIssuer().addKey('EdDSA')];
    const [warm, cold] = [await start({ issuer: flaky.url }), await start({ issuer: flaky.url })];
    assert.equal(await statusOf(await flaky.sign(), warm), 200);
    await flaky.stop();
    await warm.external!.refreshKeys();
    assert.equal(await statusOf(await flaky.sign({}, { key: later }), warm), 503);
    assert.equal(await statusOf(await flaky.sign({ jti: 'another' }, { key: known }), warm), 200);
    const { status, body, headers } = await callWith(await flaky.sign(), 'GET /v1/orders', cold);
    assert.deepEqual([status, body.code, headers.get('retry-after')], [503, 'IssuerUnavailable', '2']);
    await flaky.start();
    await cold.external!.refreshKeys();
    assert.equal(await statusOf(await flaky.sign(), cold), 200);
    await flaky.stop();
  });

  it('is accepted while the user service is down, and the profile is created later', async () => {
    const token = await issuer.sign({ sub: 'early' });
    gateway.services.down.add('users');
    assert.equal(await statusOf(token), 200);
    gateway.services.down.delete('users');
    assert.equal((await callWith(token)).status, 200);
  });
});
