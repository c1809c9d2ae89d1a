import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { interventionOf } from '../../stage/gateway-builders.ts';
import { lostResponse } from '../../stage/fake-temporal.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

describe('interventions at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => {
    gateway.temporal.refusal = undefined;
    gateway.temporal.onUpdate = () => undefined;
    gateway.temporal.updates.length = 0;
  });

  const store = (difference: Parameters<typeof interventionOf>[0] = {}) => {
    const intervention = interventionOf(difference);
    gateway.services.store.interventions.set(intervention.id, intervention);
    return intervention;
  };
  const decision = { action: 'skip', note: 'refunded by hand' } as const;
  const resolve = (id: string, request: Request = {}) =>
    gateway.call(`POST /v1/admin/interventions/${id}/resolve`, {
      as: gateway.admin,
      key: randomUUID(),
      body: decision,
      ...request,
    });

  it('are listed by state', async () => {
    const intervention = store();
    const { status, body } = await gateway.call('GET /v1/admin/interventions?state=open', { as: gateway.admin });
    assert.equal(status, 200);
    assert.deepEqual(body, { items: [intervention], next: null });
    assert.deepEqual(gateway.services.store.listed.pop(), { state: 'open', after: undefined, limit: 20 });
  });

  it('are listed by step and time, in UTC whatever the offset is', async () => {
    const query = 'step=capturePayment&since=2026-01-05T10:00:00%2B01:00&limit=5';
    const { status } = await gateway.call(`GET /v1/admin/interventions?${query}`, { as: gateway.admin });
    assert.equal(status, 200);
    assert.deepEqual(gateway.services.store.listed.pop(), {
      step: 'capturePayment',
      since: '2026-01-05T09:00:00.000Z',
      after: undefined,
      limit: 5,
    });
    for (const wrong of ['step=pay', 'since=yesterday', 'since=2026-01-05']) {
      const refused = await gateway.call(`GET /v1/admin/interventions?${wrong}`, { as: gateway.admin });
      assert.deepEqual([refused.status, refused.body.code], [400, 'InvalidRequest'], wrong);
    }
  });

  it('are read one by one', async () => {
    const intervention = store();
    const read = (id: string, as = gateway.admin) => gateway.call(`GET /v1/admin/interventions/${id}`, { as });
    const { status, body } = await read(intervention.id);
    assert.deepEqual([status, body], [200, intervention]);
    for (const id of [randomUUID(), 'nonsense']) {
      const none = await read(id);
      assert.deepEqual([none.status, none.body.code], [404, 'InterventionNotFound']);
    }
    assert.equal((await read(intervention.id, gateway.customer)).status, 403);
  });

  it('are resolved by an update of the workflow, and returned in their new state', async () => {
    const { id } = store({ workflowId: 'return-7' });
    gateway.temporal.onUpdate = () => store({ id, state: 'resolved' });
    const { status, body } = await resolve(id);
    assert.deepEqual([status, (body as { state?: unknown }).state], [200, 'resolved']);
    const [update] = gateway.temporal.updates;
    assert.deepEqual(
      [update?.workflowId, update?.name, update?.args],
      ['return-7', 'resolveIntervention', [{ ...decision, interventionId: id, resolvedBy: gateway.admin.id }]],
    );
  });

  it('return 409 for an action that their step does not have', async () => {
    const { id } = store();
    gateway.temporal.refusal = { type: 'ActionNotAllowed', message: 'choose one of retry, skip' };
    const { status, body } = await resolve(id, { body: { action: 'refund_manually', note: 'paid' } });
    assert.deepEqual([status, body.code, body.detail], [409, 'ActionNotAllowed', 'choose one of retry, skip']);
  });

  it('return 409 once closed: by their state, by the workflow, or by the workflow’s end', async () => {
    const resolved = store({ state: 'resolved', action: 'retry', note: 'x', resolvedBy: randomUUID() });
    const ended = store({ workflowId: 'order-ended' });
    gateway.temporal.ended.add('order-ended');
    for (const { id } of [resolved, ended]) {
      const { status, body } = await resolve(id);
      assert.deepEqual([status, body.code], [409, 'InterventionClosed']);
    }
    gateway.temporal.refusal = { type: 'InterventionClosed', message: 'decided' };
    assert.equal((await resolve(store().id)).status, 409);
  });

  it('return 409 for the same decision made twice, but 200 for a retry whose first response was lost', async () => {
    const { id } = store({ state: 'resolved', ...decision, resolvedBy: gateway.admin.id });
    assert.equal((await resolve(id)).status, 409);

    for (const [resolvedBy, status] of [
      [gateway.admin.id, 200],
      [randomUUID(), 409],
    ] as const) {
      const intervention = store();
      const key = randomUUID();
      gateway.temporal.onUpdate = () => {
        store({ ...intervention, state: 'resolved', ...decision, resolvedBy });
        throw lostResponse();
      };
      assert.equal((await resolve(intervention.id, { key })).status, 503);
      assert.equal((await resolve(intervention.id, { key })).status, status);
    }
  });

  it('about a discrepancy of the books are resolved by the order service, and ask no workflow', async () => {
    const finding = {
      rule: 'shipment',
      subject: 'x',
      expected: 'booked',
      found: 'none',
      seenAt: '2026-01-05T09:00:00.000Z',
    };
    const { id } = store({ orderId: null, step: 'reconcile', blocks: null, finding });
    const retried = await resolve(id, { body: { action: 'retry', note: 'booked again' } });
    assert.deepEqual([retried.status, (retried.body as { state?: unknown }).state], [200, 'open']);
    const key = randomUUID();
    const accepted = await resolve(id, { key });
    assert.deepEqual([accepted.status, (accepted.body as { state?: unknown }).state], [200, 'resolved']);
    assert.deepEqual((await resolve(id, { key })).body, accepted.body);
    assert.equal((await resolve(id)).status, 409);
    assert.deepEqual(gateway.temporal.updates, []);
    const { status } = await gateway.call('GET /v1/admin/interventions?step=reconcile', { as: gateway.admin });
    assert.equal(status, 200);
  });

  it('refuse an invalid action, and a decision without a note', async () => {
    const { id } = store();
    for (const body of [{ action: 'ignore', note: 'x' }, { action: 'skip' }, { action: 'skip', note: ' ' }]) {
      assert.equal((await resolve(id, { body })).status, 400);
    }
    assert.equal((await resolve('nonsense')).status, 404);
  });
});
