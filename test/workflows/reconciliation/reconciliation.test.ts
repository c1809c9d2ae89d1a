import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { WorkflowFailedError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { installTemporalRuntime, translateRefusals } from '../../../platform/temporal/worker.ts';
import { workflowBundle } from '../../../platform/temporal/workflow-bundle.ts';
import { createReconciliation } from '../../../services/order/reconcile/activity.ts';
import type { Sources } from '../../../services/order/reconcile/sources.ts';
import { RECONCILIATION_ID } from '../../../workflows/reconciliation/messages.ts';
import type { reconciliationWorkflow } from '../../../workflows/reconciliation/workflow.ts';
import { orderStage } from '../../services/order/test-order-service.ts';
import { sourcesOf } from '../../services/order/reconcile/ledgers.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { type TemporalConnections, connectToTemporal } from '../../stage/temporal-connections.ts';

const cache = path.join(import.meta.dirname, '../../../.cache');
const WRONG = 'stock-balance: tea: on hand 12, the ledger says 5';

describe('reconciliation workflow', function () {
  this.timeout(120_000);
  const stage = orderStage();
  let connections: TemporalConnections;
  let stop: () => Promise<void>;
  let books: () => Promise<Sources>;

  before(async () => {
    await installTemporalRuntime(createLogger('test', 'error'));
    connections = await connectToTemporal(await freshNamespace());
    const worker = await Worker.create({
      ...connections.worker,
      taskQueue: 'order',
      workflowBundle: await workflowBundle(cache),
      activities: createReconciliation({
        db: stage.database.db,
        openBooks: () => books(),
        betweenReadingsMs: 1,
      }),
      interceptors: { activity: [translateRefusals] },
      // A worker learns of a cancellation by its heartbeats.
      maxHeartbeatThrottleInterval: '100ms',
    });
    const running = worker.run();
    stop = async () => {
      worker.shutdown();
      await running;
      await connections.close();
    };
  });
  after(() => stop());

  const start = (args: unknown[] = [{}], by = connections.client) =>
    by.workflow.start<typeof reconciliationWorkflow>('reconciliationWorkflow', {
      workflowId: `${RECONCILIATION_ID}-${randomUUID()}`,
      taskQueue: 'order',
      args: args as [],
    });
  const open = async () => (await stage.requests.listInterventions({ state: 'open', limit: 100 })).items;

  it('opens interventions, closes them when they are gone, and says what it found, also in the Web UI', async () => {
    books = async () => ({ ...sourcesOf(() => [], [WRONG]), carrier: undefined });
    const handle = await start();
    const report = await handle.result();
    assert.partialDeepStrictEqual(report, {
      findings: 1,
      opened: 1,
      examples: [
        'tea stock-balance: expected what the entries of the ledger add up to; found on hand 12, the ledger says 5',
      ],
    });
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.match(currentDetails, /^\*\*Ended\*\*: 0 orders compared, 1 discrepancy: 1 new\.\n/);
    assert.match(currentDetails, /found on hand 12, the ledger says 5/);
    assert.match(currentDetails, /not compared: the ledger of the carrier: it has none that can be read/);
    const [only] = await open();
    assert.equal(only!.workflowId, handle.workflowId);

    books = async () => sourcesOf(() => []);
    // By hand in the Web UI, without input.
    assert.equal((await (await start([])).result()).closed, 1);
    assert.deepEqual(await open(), []);
  });

  it('tries again while a service is away, and so compares once it is back', async () => {
    let tries = 0;
    books = async () => {
      tries += 1;
      if (tries < 3) throw new Error('the payment service failed to respond');
      return sourcesOf(() => []);
    };
    assert.equal((await (await start()).result()).findings, 0);
    assert.equal(tries, 3);
  });

  it('stops reading when it is canceled, says how far it is until then, and changes nothing', async () => {
    let read = 0;
    books = async () => ({
      ...sourcesOf(() => [], [WRONG]),
      async *runningWorkflows() {
        for (;;) {
          read += 1;
          await sleep(5);
          yield 'an order';
        }
      },
    });
    const handle = await start([{}], connections.inRealTime);
    await eventually(async () => {
      const { raw } = await handle.describe();
      const { heartbeatDetails } = raw.pendingActivities![0]!;
      assert.match(Buffer.from(heartbeatDetails!.payloads![0]!.data!).toString(), /"running workflows":\d+/);
    });
    await handle.cancel();
    await assert.rejects(
      handle.result(),
      (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
    );
    const stopped = read;
    await sleep(50);
    assert.equal(read, stopped);
    assert.deepEqual(await open(), []);
  });

  it('ends as failed with an input that does not fit', async () => {
    const handle = await start(['all of them']);
    await assert.rejects(handle.result(), (error) => {
      assert.match(String((error as WorkflowFailedError).cause), /input must be an object/);
      return true;
    });
  });
});
