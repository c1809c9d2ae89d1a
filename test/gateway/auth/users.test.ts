import assert from 'node:assert/strict';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('users at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const ada = { email: 'ada@example.com', password: 'correct horse battery', name: 'Ada' };

  it('sign up, sign in, and read and change their profile', async () => {
    const signedUp = await gateway.call('POST /v1/users', { body: ada });
    assert.equal(signedUp.status, 201);
    assert.deepEqual(Object.keys(signedUp.body).toSorted(), ['createdAt', 'email', 'id', 'name']);

    const { email, password } = ada;
    const session = await gateway.call('POST /v1/sessions', { body: { email, password } });
    assert.equal(session.status, 201);
    assert.equal(session.headers.get('cache-control'), 'no-store');
    const { accessToken, refreshToken, ...rest } = session.body;
    assert.deepEqual(rest, { tokenType: 'Bearer', expiresIn: 900 });
    assert.ok(refreshToken);

    const authorization = `bearer ${accessToken}`;
    const profile = await gateway.call('GET /v1/users/me', { headers: { authorization } });
    assert.deepEqual(profile.body, { ...signedUp.body, role: 'customer', emailVerified: false });

    const shippingAddress = { name: 'Ada', line1: '1 High St', city: 'Paris', postalCode: '75001', country: 'FR' };
    const ifMatch = { authorization, 'if-match': profile.headers.get('etag')! };
    const change = { body: { shippingAddress }, headers: ifMatch };
    const changed = await gateway.call('PATCH /v1/users/me', change);
    assert.deepEqual(changed.body, { ...profile.body, shippingAddress });
    assert.equal((await gateway.call('PATCH /v1/users/me', change)).status, 412);
    const either = [ifMatch['if-match'], changed.headers.get('etag')].join(', ');
    const again = { ...change, headers: { ...ifMatch, 'if-match': either } };
    assert.equal((await gateway.call('PATCH /v1/users/me', again)).status, 200);
    assert.equal((await gateway.call('PATCH /v1/users/me', again)).status, 412);
  });

  it('get 409 for an e-mail address that is taken', async () => {
    await gateway.call('POST /v1/users', { body: { ...ada, email: 'twice@example.com' } });
    const { status, body } = await gateway.call('POST /v1/users', { body: { ...ada, email: 'twice@example.com' } });
    assert.deepEqual([status, body.code], [409, 'EmailTaken']);
  });

  it('get 401 with a challenge for wrong credentials', async () => {
    const { status, body, headers } = await gateway.call('POST /v1/sessions', {
      body: { email: 'nobody@example.com', password: 'guessed' },
    });
    assert.deepEqual([status, body.code], [401, 'BadCredentials']);
    assert.match(headers.get('www-authenticate')!, /^Bearer/);
  });

  it('need a valid e-mail address', async () => {
    const statusOf = async (email: string) =>
      (await gateway.call('POST /v1/users', { body: { ...ada, email } })).status;
    const local = 'l'.repeat(64);
    const host = 'h'.repeat(63);
    for (const email of [`${local}@example.com`, `o'hara+shop@${host}.example`, 'a@3.b-c.example']) {
      assert.equal(await statusOf(email), 201, email);
    }
    const invalid = ['a@b', '@b.example', '.a@b.example', 'a..b@c.example', 'a.@b.example', 'a b@c.example'];
    const invalidHost = ['a@-b.example', 'a@b-.example', 'a@b..example', 'a@b.e', `a@${host}h.example`];
    for (const email of [...invalid, ...invalidHost, `${local}l@example.com`, `a@${`${host}.`.repeat(4)}example`]) {
      assert.equal(await statusOf(email), 400, email);
    }
  });

  it('get a problem that points at each invalid field', async () => {
    const { status, headers, body } = await gateway.call('POST /v1/users', {
      body: { email: 'no', password: 'short', name: '', role: 'admin' },
    });
    assert.equal(status, 400);
    assert.match(headers.get('content-type')!, /^application\/problem\+json/);
    assert.deepEqual(body.errors.map(({ pointer }) => pointer).toSorted(), ['/email', '/name', '/password', '/role']);
    assert.equal(body.requestId, headers.get('x-request-id'));
  });
});
