import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { interventionOf } from '../../stage/gateway-builders.ts';
import { lostAnswer } from '../../stage/fake-temporal.ts';
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

  const keep = (difference: Parameters<typeof interventionOf>[0] = {}) => {
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

  it('lists what a person must decide, by state', async () => {
    const intervention = keep();
    const { status, body } = await gateway.call('GET /v1/admin/interventions?state=open', { as: gateway.admin });
    assert.equal(status, 200);
    assert.deepEqual(body, { items: [intervention], next: null });
    assert.deepEqual(gateway.services.store.listed.pop(), { state: 'open', after: undefined, limit: 20 });
  });

  it('tells the workflow that waits, and answers the intervention as it then is', async () => {
    const { id } = keep({ workflowId: 'return-7' });
    gateway.temporal.onUpdate = () => keep({ id, state: 'resolved' });
    const { status, body } = await resolve(id);
    assert.deepEqual([status, (body as { state?: unknown }).state], [200, 'resolved']);
    const [update] = gateway.temporal.updates;
    assert.deepEqual(
      [update?.workflowId, update?.name, update?.args],
      ['return-7', 'resolveIntervention', [{ ...decision, interventionId: id, resolvedBy: gateway.admin.id }]],
    );
  });

  it('says 409 for one that is closed: by its state, by its workflow, or by its workflow’s end', async () => {
    const resolved = keep({ state: 'resolved', action: 'retry', note: 'x', resolvedBy: randomUUID() });
    const ended = keep({ workflowId: 'order-ended' });
    gateway.temporal.ended.add('order-ended');
    for (const { id } of [resolved, ended]) {
      const { status, body } = await resolve(id);
      assert.deepEqual([status, body.code], [409, 'InterventionClosed']);
    }
    gateway.temporal.refusal = { type: 'InterventionClosed', message: 'decided' };
    assert.equal((await resolve(keep().id)).status, 409);
  });

  it('says 409 to the same decision made twice, but not to whoever lost the answer of its own', async () => {
    const { id } = keep({ state: 'resolved', ...decision, resolvedBy: gateway.admin.id });
    assert.equal((await resolve(id)).status, 409);

    for (const [resolvedBy, status] of [
      [gateway.admin.id, 200],
      [randomUUID(), 409],
    ] as const) {
      const asked = keep();
      const key = randomUUID();
      gateway.temporal.onUpdate = () => {
        keep({ ...asked, state: 'resolved', ...decision, resolvedBy });
        throw lostAnswer();
      };
      assert.equal((await resolve(asked.id, { key })).status, 503);
      assert.equal((await resolve(asked.id, { key })).status, status);
    }
  });

  it('refuses an action that is none, and a decision without a word', async () => {
    const { id } = keep();
    for (const body of [{ action: 'ignore', note: 'x' }, { action: 'skip' }, { action: 'skip', note: ' ' }]) {
      assert.equal((await resolve(id, { body })).status, 400);
    }
    assert.equal((await resolve('nonsense')).status, 404);
  });
});
