import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import type { Caller } from '../../../platform/http/route.ts';
import { orderBody, orderOf, userOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('guests at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness({ rates: { perMinute: 1_000_000, signInPerMinute: 30 } });
  });
  after(() => gateway.close());

  const start = (email: string) => gateway.call('POST /v1/guests', { body: { email } });
  const newGuest = (name: string | null = null): Caller => {
    const id = randomUUID();
    gateway.services.store.guests.known.set(id, { email: 'ada@example.com', name });
    return { id, role: 'guest' };
  };
  const place = (as: Caller, difference: Record<string, unknown> = {}) =>
    gateway.call('POST /v1/orders', { as, key: randomUUID(), body: orderBody(difference) });
  const nameOf = ({ id }: Caller) => gateway.services.store.guests.known.get(id);

  it('get a token of their own, and the same response if the address has an account', async () => {
    gateway.services.store.users.set('u', { ...userOf({ email: 'known@example.com' }), password: 'secret' });
    const responses = [await start('known@example.com'), await start('new@example.com')];
    for (const { status, body } of responses) {
      assert.equal(status, 201);
      const { accessToken, ...rest } = body;
      assert.deepEqual(rest, { tokenType: 'Bearer', expiresIn: 3600 });
      const { sub, role, sid, exp, iat } = decodeJwt(accessToken);
      assert.deepEqual([role, sid, exp! - iat!], ['guest', undefined, 3600]);
      assert.ok(gateway.services.store.guests.known.has(sub!));
    }
    assert.ok(gateway.services.calls.every((name) => name !== 'users.getUser' && name !== 'users.register'));
  });

  it('need an e-mail address', async () => {
    for (const body of [{}, { email: 'ada' }, { email: 'ada@example.com', name: 'Ada' }]) {
      assert.equal((await gateway.call('POST /v1/guests', { body })).status, 400);
    }
  });

  it('continue by the link of a mail, as often as they like', async () => {
    const { id } = newGuest('Ada');
    gateway.services.store.guests.links.set('go_token', id);
    for (let count = 0; count < 2; count += 1) {
      const { status, body } = await gateway.call('POST /v1/guests/go_token');
      assert.deepEqual([status, decodeJwt(body.accessToken).sub], [201, id]);
    }
    const { status, body } = await gateway.call('POST /v1/guests/go_other');
    assert.deepEqual([status, body.code], [404, 'LinkNotFound']);
  });

  it('are named by their order: by its contact, or else by its address', async () => {
    const guest = newGuest();
    assert.equal((await place(guest)).status, 202);
    assert.equal(nameOf(guest)!.name, 'Ada');
    assert.equal((await place(guest, { contact: { email: 'ada@example.com', name: 'Ada King' } })).status, 202);
    assert.equal(nameOf(guest)!.name, 'Ada King');
    const { status, body } = await place(guest, { contact: { email: 'eve@example.com' } });
    assert.deepEqual([status, body.code], [409, 'ContactDiffers']);
    const corrected = newGuest();
    assert.equal((await place(corrected, { contact: { email: 'bob@example.com', name: 'Bob' } })).status, 202);
    assert.deepEqual(nameOf(corrected), { email: 'bob@example.com', name: 'Bob' });
  });

  it('are not named by an order that cannot be placed', async () => {
    const guest = newGuest();
    assert.equal((await place(guest, { lines: [{ sku: 'unknown', quantity: 1 }] })).status, 400);
    assert.equal((await place(guest, { expectedTotal: { amountMinor: 1, currency: 'GBP' } })).status, 409);
    assert.equal(nameOf(guest)!.name, null);
  });

  it('who have ended cannot order', async () => {
    const { status, body } = await place({ id: randomUUID(), role: 'guest' });
    assert.deepEqual([status, body.code], [401, 'SessionEnded']);
  });

  it('see their own orders, and nobody else’s', async () => {
    const [guest, stranger] = [newGuest(), newGuest()];
    const order = orderOf({ customerId: guest.id });
    gateway.services.store.orders.set(order.id, order);
    for (const path of [`/v1/orders/${order.id}`, `/v1/orders/${order.id}/history`, `/v1/orders/${order.id}/returns`]) {
      assert.equal((await gateway.call(`GET ${path}`, { as: guest })).status, 200, path);
      assert.equal((await gateway.call(`GET ${path}`, { as: stranger })).status, 404, path);
      assert.equal((await gateway.call(`GET ${path}`, { as: gateway.customer })).status, 404, path);
    }
    const { body } = await gateway.call('GET /v1/orders', { as: guest });
    assert.deepEqual(
      body.items.map(({ id }) => id),
      [order.id],
    );
    const cancel = { key: randomUUID(), body: {} };
    assert.equal((await gateway.call(`POST /v1/orders/${order.id}/cancel`, { as: stranger, ...cancel })).status, 404);
  });

  it('may not do what needs an account, nor what staff do', async () => {
    const guest = newGuest();
    const routes = gateway.routes().filter(({ access, guests }) => ['user', 'staff'].includes(access) && !guests);
    assert.ok(routes.length > 30);
    for (const { method, path, access } of routes) {
      const url = path.replaceAll(/:\w+/g, randomUUID());
      const { status, body } = await gateway.call(`${method.toUpperCase()} ${url}`, { as: guest, key: randomUUID() });
      const code = access === 'staff' ? 'Forbidden' : 'AccountRequired';
      assert.deepEqual([status, body.code], [403, code], `${method} ${path}`);
    }
  });

  it('are created as seldom from one address as people sign in', async () => {
    const statuses = [];
    for (let count = 0; count < 31; count += 1) statuses.push((await start('flood@example.com')).status);
    assert.equal(statuses.at(-1), 429);
    assert.equal((await gateway.call('POST /v1/guests/go_token')).status, 429);
  });

  it('are counted by their address, so that many guests get no more requests than one', async () => {
    const limited = await startHarness({ rates: { perMinute: 5, signInPerMinute: 5 } });
    try {
      const statuses = [];
      for (let count = 0; count < 6; count += 1) {
        const as: Caller = { id: randomUUID(), role: 'guest' };
        statuses.push((await limited.call('GET /v1/cart', { as })).status);
      }
      assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
      assert.equal((await limited.call('GET /v1/cart', { as: limited.customer })).status, 200);
    } finally {
      await limited.close();
    }
  });
});

describe('the contact of an order of an account', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
    const { id } = gateway.customer;
    gateway.services.store.users.set(id, { ...userOf({ id, email: 'Ada@example.com' }), password: 'secret' });
  });
  after(() => gateway.close());

  it('is the own address, and no other', async () => {
    const place = (contact?: object) =>
      gateway.call('POST /v1/orders', {
        as: gateway.customer,
        key: randomUUID(),
        body: orderBody(contact ? { contact } : {}),
      });
    assert.equal((await place()).status, 202);
    assert.equal((await place({ email: 'ada@EXAMPLE.com', name: 'Ada' })).status, 202);
    const { status, body } = await place({ email: 'eve@example.com' });
    assert.deepEqual([status, body.code], [409, 'ContactDiffers']);
    assert.equal(gateway.services.calls.filter((name) => name === 'orders.placeOrder').length, 2);
  });
});
