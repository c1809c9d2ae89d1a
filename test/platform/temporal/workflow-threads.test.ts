import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker, type WorkerOptions, bundleWorkflowCode } from '@temporalio/worker';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../../platform/temporal/worker.ts';
import { type WorkflowThreads, chooseWorkflowThreads } from '../../../platform/temporal/workflow-threads.ts';
import { type Place, type endless, gone, type orderly } from './endless-workflows.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';

const PLACES: readonly Place[] = ['code', 'microtasks', 'condition', 'signal', 'afterTimer'];
// Short, for a quick test. If a busy machine takes longer for the orderly workflow, its task is retried.
const LIMIT_MS = 500;

describe('workflow threads', function () {
  this.timeout(120_000);
  let connection: NativeConnection;
  let clientConnection: Connection;
  let client: Client;
  let namespace: string;
  let workflowBundle: { code: string };

  before(async () => {
    await installTemporalRuntime(createLogger('test', 'error'));
    const place = await freshNamespace();
    namespace = place.namespace;
    connection = await NativeConnection.connect({ address: place.address });
    clientConnection = await Connection.connect({ address: place.address });
    client = new Client({ connection: clientConnection, namespace });
    workflowBundle = await bundleWorkflowCode({
      workflowsPath: path.join(import.meta.dirname, './endless-workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
  });
  after(async () => {
    await chooseWorkflowThreads({ watchdog: 'entry', stackTraces: true });
    await clientConnection.close();
    await connection.close();
  });

  async function withWorker(threads: WorkflowThreads, work: (taskQueue: string) => Promise<void>): Promise<void> {
    await chooseWorkflowThreads(threads);
    const taskQueue = randomUUID();
    const options: WorkerOptions & { isolateExecutionTimeout: number } = {
      connection,
      namespace,
      taskQueue,
      workflowBundle,
      isolateExecutionTimeout: LIMIT_MS,
    };
    const worker = await Worker.create(options);
    await worker.runUntil(() => work(taskQueue));
    assert.equal(worker.getState(), 'STOPPED');
  }

  /** The messages with which the workflow's tasks failed. */
  async function failures(workflowId: string): Promise<string[]> {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) => failed?.failure?.message ?? []);
  }

  const startOrderly = (taskQueue: string) =>
    client.workflow.start<typeof orderly>('orderly', { taskQueue, workflowId: randomUUID() });

  for (const place of PLACES) {
    it(`fail the task of a workflow that never yields (${place}), while others continue in the same thread`, () =>
      withWorker({ watchdog: 'activation', stackTraces: false }, async (taskQueue) => {
        const before = await startOrderly(taskQueue);
        const workflowId = randomUUID();
        const stuck = await client.workflow.start<typeof endless>('endless', { taskQueue, workflowId, args: [place] });
        if (place === 'signal') await stuck.signal(gone);
        await eventually(async () =>
          assert.match((await failures(workflowId))[0] ?? '', new RegExp(`timed out after ${LIMIT_MS}ms`)),
        );
        const after = await startOrderly(taskQueue);
        await Promise.all([before.signal(gone), after.signal(gone)]);
        assert.deepEqual([await before.result(), await after.result()], ['done', 'done']);
        await stuck.terminate();
      }));
  }

  it('record stack traces when they are turned on', () =>
    withWorker({ watchdog: 'activation', stackTraces: true }, async (taskQueue) => {
      const handle = await startOrderly(taskQueue);
      assert.match(await handle.query<string>('__stack_trace'), /endless-workflows\.ts/);
      await handle.signal(gone);
      await handle.result();
    }));

  it('say where to look when stack traces are turned off', () =>
    withWorker({ watchdog: 'activation', stackTraces: false }, async (taskQueue) => {
      const handle = await startOrderly(taskQueue);
      assert.match(await handle.query<string>('__stack_trace'), /WORKFLOW_STACK_TRACES=off.*\n.*Current Details/);
      await handle.signal(gone);
      await handle.result();
    }));
});
