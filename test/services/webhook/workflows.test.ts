import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import winston from 'winston';
import type { WebhookRequests } from '../../../activities/webhook.ts';
import { createTemporalClient } from '../../../platform/temporal/client.ts';
import { resolveAbandoned } from '../../../services/webhook/abandoned-deliveries.ts';
import { createDeliveryRequests } from '../../../services/webhook/deliveries.ts';
import { startWorkflows } from '../../../services/webhook/start-workflows.ts';
import { type DeliveryWorkflows, createDeliveryWorkflows } from '../../../services/webhook/workflows.ts';
import { webhookWorkflowId } from '../../../workflows/webhook-delivery/messages.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { TestWebhookService } from './test-webhook-service.ts';

// No worker polls here: a started workflow stays as it is until the test ends it.
describe('workflows of webhook deliveries in Temporal', function () {
  this.timeout(120_000);
  let client: Client;
  let workflows: DeliveryWorkflows;
  let service: TestWebhookService;
  let requests: Pick<WebhookRequests, 'redeliver'>;
  before(async () => {
    client = createTemporalClient(await freshNamespace());
    workflows = createDeliveryWorkflows(client);
  });
  beforeEach(async () => {
    service = await TestWebhookService.start();
    requests = createDeliveryRequests(service.database.db, workflows);
  });
  afterEach(() => service.close());
  after(() => client.connection.close());

  const start = () => startWorkflows({ db: service.database.db, workflows });
  const resolve = () =>
    resolveAbandoned({
      db: service.database.db,
      workflows,
      metrics: service.metrics,
      logger: winston.createLogger({ silent: true }),
    });
  const change = (columns: { next_attempt_at?: Date; started_round?: number }) =>
    service.database.db.updateTable('deliveries').set(columns).execute();
  const makeLate = () => change({ next_attempt_at: new Date(Date.now() - 5 * 60_000) });
  const describeWorkflow = (id: string) => client.workflow.getHandle(webhookWorkflowId(id)).describe();
  const terminate = (id: string) => client.workflow.getHandle(webhookWorkflowId(id)).terminate('enough');

  it('are started once, even if a crash prevented recording the start', async () => {
    const { ref } = await service.delivery();
    assert.equal(await start(), 1);
    const { runId } = await describeWorkflow(ref.deliveryId);
    await change({ started_round: 0 });
    assert.equal(await start(), 1);
    assert.equal((await describeWorkflow(ref.deliveryId)).runId, runId);
    assert.equal(await start(), 0);
  });

  it('fail their delivery if a person ended them in the Web UI; it can then be sent again', async () => {
    const { ref, state } = await service.delivery();
    await start();
    await makeLate();
    await resolve();
    assert.equal((await state()).state, 'pending', 'the workflow is running');
    await terminate(ref.deliveryId);
    await change({ next_attempt_at: new Date(Date.now() + 60_000) });
    await resolve();
    assert.equal((await state()).state, 'pending', 'it is not late');
    await makeLate();
    await Promise.all([resolve(), resolve()]);
    const failed = await state();
    assert.deepEqual([failed.state, failed.nextAttemptAt, failed.attempts.length], ['failed', null, 1]);
    assert.match(failed.attempts[0]!.error!, /the delivery's workflow has ended as TERMINATED/);
    assert.match(await service.registry.metrics(), /webhook_deliveries_total{outcome="failed"} 1/);

    assert.equal((await requests.redeliver(ref)).state, 'pending');
    assert.equal(await start(), 1);
    await makeLate();
    await resolve();
    assert.equal((await state()).state, 'pending');
    const { status, memo } = await describeWorkflow(ref.deliveryId);
    assert.deepEqual([status.name, memo!.round], ['RUNNING', 2]);
  });

  it('are started again if Temporal has lost them', async () => {
    const { ref, state } = await service.delivery();
    await change({ started_round: 1 });
    await makeLate();
    await resolve();
    assert.equal((await state()).state, 'pending');
    assert.equal(await start(), 1);
    assert.equal((await describeWorkflow(ref.deliveryId)).memo!.round, 2);
    // The closed workflow of an earlier round says nothing about this round.
    await terminate(ref.deliveryId);
    await service.database.db.updateTable('deliveries').set({ round: 3, started_round: 3 }).execute();
    await makeLate();
    await resolve();
    assert.deepEqual([(await state()).state, await start()], ['pending', 1]);
    assert.equal((await describeWorkflow(ref.deliveryId)).memo!.round, 4);
  });

  it('are told to retry at once; if none is running, a new round begins', async () => {
    const { ref } = await service.delivery();
    await start();
    await requests.redeliver(ref);
    assert.equal(await start(), 0);
    await terminate(ref.deliveryId);
    await requests.redeliver(ref);
    assert.equal(await start(), 1);
  });
});
