import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../../platform/http/route.ts';
import { interventionOf, orderOf, userOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

interface Entry {
  at: string;
  actor: { id: string; role: string };
  operation: string;
  subjects: string[];
  created?: string;
  reason?: string;
  status: number | null;
  requestId: string;
}

describe('the audit trail', () => {
  let gateway: Harness;
  beforeEach(async () => {
    gateway = await startHarness();
  });
  afterEach(() => gateway.close());

  const list = async (query = ''): Promise<Entry[]> => {
    const { status, body } = await gateway.call(`GET /v1/admin/audit${query}`, { as: gateway.admin });
    assert.equal(status, 200);
    return body.items as unknown as Entry[];
  };
  const adjust = (as: Caller, key = randomUUID(), delta = 5) =>
    gateway.call('POST /v1/products/tea/stock-adjustments', { as, key, body: { delta, reason: 'delivered' } });

  it('has who did what, when, why, and with which outcome', async () => {
    const fulfilment = { id: randomUUID(), role: 'fulfilment' } as const;
    const before = Date.now();
    const { status, headers } = await adjust(fulfilment);
    assert.equal(status, 201);
    const [{ at, ...entry } = assert.fail('no entry'), ...others] = await list();
    assert.deepEqual(others, []);
    assert.ok(Date.parse(at) >= before - 1 && Date.parse(at) <= Date.now(), at);
    const { id: _id, ...kept } = entry as Entry & { id: string };
    assert.deepEqual(kept, {
      actor: fulfilment,
      operation: 'adjustStock',
      subjects: ['tea'],
      reason: 'delivered',
      status: 201,
      requestId: headers.get('x-request-id'),
    });
  });

  it('has the note of a decision, and the id of what was created', async () => {
    const support = { id: randomUUID(), role: 'support' } as const;
    const intervention = interventionOf({});
    gateway.services.store.interventions.set(intervention.id, intervention);
    const decision = { action: 'skip', note: 'refunded by hand' };
    const path = `POST /v1/admin/interventions/${intervention.id.toUpperCase()}/resolve`;
    await gateway.call(path, { as: support, key: randomUUID(), body: decision });
    const body = { name: 'scanner', scopes: ['stock:read'] };
    const client = await gateway.call('POST /v1/admin/clients', { as: gateway.admin, body });
    const [second, first] = await list();
    assert.partialDeepStrictEqual(first, { subjects: [intervention.id], reason: 'refunded by hand' });
    assert.partialDeepStrictEqual(second, { operation: 'createClient', subjects: [], created: client.body.id });
    assert.deepEqual(await list(`?subject=${client.body.id}`), [second]);
    assert.ok(!JSON.stringify(await list()).includes('cs_'), 'the secret of the client');
  });

  it('is written before the action: without an entry nothing is done', async () => {
    await gateway.owner('alter table audit_entries rename to elsewhere');
    const { status, body } = await adjust(gateway.admin);
    assert.deepEqual([status, body.code], [503, 'ServiceUnavailable']);
    assert.deepEqual(gateway.services.store.adjustments, []);
  });

  it('keeps an action whose outcome could not be kept, and answers it', async () => {
    await gateway.owner('alter table audit_outcomes rename to elsewhere');
    assert.equal((await adjust(gateway.admin)).status, 201);
    await gateway.owner('alter table elsewhere rename to audit_outcomes');
    assert.partialDeepStrictEqual(await list(), [{ operation: 'adjustStock', status: null }]);
  });

  it('has the entry while the action runs', async () => {
    const seen: Entry[] = [];
    gateway.services.before.set('inventory.adjustStock', async () => void seen.push(...(await list())));
    await adjust(gateway.admin);
    assert.deepEqual(
      seen.map(({ operation, status }) => [operation, status]),
      [['adjustStock', null]],
    );
  });

  it('has the status of an action that failed, and no entry for one that was not allowed', async () => {
    assert.equal((await adjust(gateway.admin, randomUUID(), -9)).status, 409);
    gateway.services.down.add('inventory');
    assert.equal((await adjust(gateway.admin)).status, 503);
    assert.equal((await adjust(gateway.customer)).status, 403);
    assert.equal((await adjust({ id: randomUUID(), role: 'viewer' })).status, 403);
    assert.deepEqual(
      (await list()).map(({ status }) => status),
      [503, 409],
    );
  });

  it('has one entry for a request that is repeated with its key', async () => {
    const key = randomUUID();
    await adjust(gateway.admin, key);
    assert.equal((await adjust(gateway.admin, key)).headers.get('idempotent-replayed'), 'true');
    assert.equal((await list()).length, 1);
  });

  it('has what staff and API clients do to orders, and not what customers do to their own', async () => {
    const order = orderOf({ customerId: gateway.customer.id });
    gateway.services.store.orders.set(order.id, order);
    const cancel = (as: Caller) =>
      gateway.call(`POST /v1/orders/${order.id}/cancel`, { as, key: randomUUID(), body: { reason: 'ordered twice' } });
    await cancel(gateway.customer);
    assert.deepEqual(await list(), []);
    const client = { id: randomUUID(), role: 'admin', scopes: ['orders:cancel'] } as const;
    await cancel(client);
    assert.partialDeepStrictEqual(await list(), [
      { actor: { id: client.id, role: 'client' }, operation: 'cancelOrder', subjects: [order.id] },
    ]);
  });

  it('is listed by subject, actor and time, newest first, in pages', async () => {
    const [one, other] = [userOf({}), userOf({})];
    for (const user of [one, other]) gateway.services.store.users.set(user.id, { ...user, password: '' });
    const second = { id: randomUUID(), role: 'admin' } as const;
    const change = (as: Caller, { id }: { id: string }) =>
      gateway.call(`PATCH /v1/admin/users/${id}`, { as, body: { role: 'viewer' } });
    await change(gateway.admin, one);
    await change(second, one);
    const [{ at } = assert.fail('no entry')] = await list();
    await new Promise((resolve) => setTimeout(resolve, 2));
    await change(second, other);
    const subjects = async (query: string) => (await list(query)).map((entry) => entry.subjects[0]);
    assert.deepEqual(await subjects(''), [other.id, one.id, one.id]);
    assert.deepEqual(await subjects(`?subject=${one.id}`), [one.id, one.id]);
    assert.deepEqual(await subjects(`?actor=${second.id}`), [other.id, one.id]);
    assert.deepEqual(await subjects(`?actor=${second.id}&subject=${one.id}`), [one.id]);
    const later = new Date(Date.parse(at) + 1).toISOString();
    assert.deepEqual(await subjects(`?from=${later}`), [other.id]);
    const { body } = await gateway.call(`GET /v1/admin/audit?limit=2&from=2026-01-01T00:00:00Z`, { as: second });
    assert.equal(body.items.length, 2);
    assert.match(body.next!, /limit=2&from=2026/);
    const rest = await gateway.call(`GET ${body.next}`, { as: second });
    assert.deepEqual([rest.body.items.length, rest.body.next], [1, null]);
    assert.equal((await gateway.call('GET /v1/admin/audit?cursor=bad', { as: second })).body.code, 'BadCursor');
  });

  it('cannot be changed by the gateway', async () => {
    await adjust(gateway.admin);
    for (const table of ['audit_entries', 'audit_outcomes'] as const) {
      await assert.rejects(gateway.db.deleteFrom(table).execute(), /permission denied/);
    }
    await assert.rejects(gateway.db.updateTable('audit_entries').set({ reason: 'x' }).execute(), /permission denied/);
    await assert.rejects(gateway.db.updateTable('audit_outcomes').set({ status: 1 }).execute(), /permission denied/);
  });

  it('has no action about a subject that is too long for an id, but keeps its beginning', async () => {
    await gateway.call(`DELETE /v1/admin/clients/${'é'.repeat(2000)}`, { as: gateway.admin });
    assert.equal((await list())[0]!.subjects[0], 'é'.repeat(300));
  });
});
