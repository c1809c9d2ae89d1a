import assert from 'node:assert/strict';
import type { Client } from '@temporalio/client';
import winston from 'winston';
import type { WebhookRequests } from '../../../activities/webhook.ts';
import { createTemporalClient } from '../../../platform/temporal/client.ts';
import { settleAbandoned } from '../../../services/webhook/abandoned.ts';
import { createDeliveryRequests } from '../../../services/webhook/deliveries.ts';
import { startDue } from '../../../services/webhook/starting.ts';
import { type DeliveryWorkflows, createDeliveryWorkflows } from '../../../services/webhook/workflows.ts';
import { webhookWorkflowId } from '../../../workflows/webhook-delivery/messages.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { WebhookStage } from './test-webhook-service.ts';

// No worker polls here: what is started stays as it is until somebody ends it.
describe('workflows of webhook deliveries, as Temporal knows them', function () {
  this.timeout(120_000);
  let client: Client;
  let workflows: DeliveryWorkflows;
  let stage: WebhookStage;
  let requests: Pick<WebhookRequests, 'redeliver'>;
  before(async () => {
    client = createTemporalClient(await freshNamespace());
    workflows = createDeliveryWorkflows(client);
  });
  beforeEach(async () => {
    stage = await WebhookStage.set();
    requests = createDeliveryRequests(stage.database.db, workflows);
  });
  afterEach(() => stage.close());
  after(() => client.connection.close());

  const start = () => startDue({ db: stage.database.db, workflows });
  const lookAfter = () =>
    settleAbandoned({
      db: stage.database.db,
      workflows,
      figures: stage.figures,
      logger: winston.createLogger({ silent: true }),
    });
  const change = (columns: { next_attempt_at?: Date; started_round?: number }) =>
    stage.database.db.updateTable('deliveries').set(columns).execute();
  const late = () => change({ next_attempt_at: new Date(Date.now() - 5 * 60_000) });
  const known = (id: string) => client.workflow.getHandle(webhookWorkflowId(id)).describe();
  const terminate = (id: string) => client.workflow.getHandle(webhookWorkflowId(id)).terminate('enough');

  it('are started once where a crash kept that from being noted', async () => {
    const { ref } = await stage.delivery();
    assert.equal(await start(), 1);
    const { runId } = await known(ref.deliveryId);
    await change({ started_round: 0 });
    assert.equal(await start(), 1);
    assert.equal((await known(ref.deliveryId)).runId, runId);
    assert.equal(await start(), 0);
  });

  it('let a delivery fail that a person ended in the Web UI, which can be sent again', async () => {
    const { ref, state } = await stage.delivery();
    await start();
    await late();
    await lookAfter();
    assert.equal((await state()).state, 'pending', 'it runs');
    await terminate(ref.deliveryId);
    await change({ next_attempt_at: new Date(Date.now() + 60_000) });
    await lookAfter();
    assert.equal((await state()).state, 'pending', 'it is not late');
    await late();
    await Promise.all([lookAfter(), lookAfter()]);
    const failed = await state();
    assert.deepEqual([failed.state, failed.nextAttemptAt, failed.attempts.length], ['failed', null, 1]);
    assert.match(failed.attempts[0]!.error!, /the workflow that makes them ended TERMINATED/);
    assert.match(await stage.registry.metrics(), /webhook_deliveries_total{outcome="failed"} 1/);

    assert.equal((await requests.redeliver(ref)).state, 'pending');
    assert.equal(await start(), 1);
    await late();
    await lookAfter();
    assert.equal((await state()).state, 'pending');
    const { status, memo } = await known(ref.deliveryId);
    assert.deepEqual([status.name, memo!.round], ['RUNNING', 2]);
  });

  it('begin again where Temporal has lost them', async () => {
    const { ref, state } = await stage.delivery();
    await change({ started_round: 1 });
    await late();
    await lookAfter();
    assert.equal((await state()).state, 'pending');
    assert.equal(await start(), 1);
    assert.equal((await known(ref.deliveryId)).memo!.round, 2);
    // What is left of an earlier round says nothing about this one.
    await terminate(ref.deliveryId);
    await stage.database.db.updateTable('deliveries').set({ round: 3, started_round: 3 }).execute();
    await late();
    await lookAfter();
    assert.deepEqual([(await state()).state, await start()], ['pending', 1]);
    assert.equal((await known(ref.deliveryId)).memo!.round, 4);
  });

  it('are told to try at once, and where none runs a new round begins', async () => {
    const { ref } = await stage.delivery();
    await start();
    await requests.redeliver(ref);
    assert.equal(await start(), 0);
    await terminate(ref.deliveryId);
    await requests.redeliver(ref);
    assert.equal(await start(), 1);
  });
});
