import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import {
  Client,
  Connection,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  isGrpcServiceError,
} from '@temporalio/client';
import { DefaultLogger, NativeConnection, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../../platform/temporal/worker.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { ask, heard, type listener, news } from './delayed-workflows.ts';

// gRPC status codes; at run time only `@temporalio/proto` exports their enumeration.
const INVALID_ARGUMENT: number = 3;
const FAILED_PRECONDITION: number = 9;

const DELAY = '5 hours';
const STARTED = 'WorkflowExecutionStarted';
const SIGNALED = 'WorkflowExecutionSignaled';
const SCHEDULED = 'WorkflowTaskScheduled';

// An order is handed over to Temporal by a start with a delay, and spoken to before that is over. These tests hold what
// that relies on, as Temporal's documentation does not state all of it. To check another server, set
// TEST_TEMPORAL_ADDRESS: all of it is the same on 1.31.0 and 1.32.0.
describe('a workflow started with a delay', function () {
  this.timeout(60_000);
  let connection: Connection;
  let native: NativeConnection;
  let client: Client;
  let worker: Worker;
  let running: Promise<void>;
  const taskQueue = 'listeners';

  before(async () => {
    await installTemporalRuntime(createLogger('test', 'error'));
    const { address, namespace } = await freshNamespace();
    [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
    client = new Client({ connection, namespace });
    worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue,
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: path.join(import.meta.dirname, './delayed-workflows.ts'),
        logger: new DefaultLogger('ERROR'),
      }),
    });
    running = worker.run();
  });
  after(async () => {
    worker.shutdown();
    await running;
    await connection.close();
    await native.close();
  });

  const optionsOf = (workflowId: string) => ({
    workflowId,
    taskQueue,
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
  });
  const start = (workflowId: string) =>
    client.workflow.start<typeof listener>('listener', { ...optionsOf(workflowId), startDelay: DELAY });
  const startNew = () => start(randomUUID());

  const signalWithStart = (workflowId: string, text: string, more: { startDelay?: string } = {}) =>
    client.workflow.signalWithStart<typeof listener, [string]>('listener', {
      ...optionsOf(workflowId),
      ...(more as object),
      signal: news,
      signalArgs: [text],
    });
  const updateWithStart = (workflowId: string, text: string, more: { startDelay?: string } = {}) =>
    client.workflow.executeUpdateWithStart(ask, {
      args: [text],
      startWorkflowOperation: new WithStartWorkflowOperation<typeof listener>('listener', {
        ...optionsOf(workflowId),
        ...(more as object),
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    });

  /** The types of the events so far. A task is scheduled in the transaction of the event that asks for it. */
  async function eventsOf(workflowId: string): Promise<string[]> {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).map((event) => {
      const attributes = Object.keys(event).find((key) => key.endsWith('EventAttributes')) ?? '';
      return `${attributes[0]?.toUpperCase()}${attributes.slice(1, -'EventAttributes'.length)}`;
    });
  }

  /** Ends the workflow and returns what it was told, in order. */
  async function endOf(handle: WorkflowHandle<typeof listener>): Promise<string[]> {
    await handle.executeUpdate(ask, { args: ['end'] });
    return handle.result();
  }

  describe('is still delayed', () => {
    it('after a plain signal, which is delivered with whatever ends the delay', async () => {
      const handle = await startNew();
      await handle.signal(news, 'early');
      assert.deepEqual(await eventsOf(handle.workflowId), [STARTED, SIGNALED]);
      assert.deepEqual(await endOf(handle), ['early', 'end']);
    });

    it('after another start, which is refused', async () => {
      const { workflowId } = await startNew();
      await assert.rejects(start(workflowId), WorkflowExecutionAlreadyStartedError);
      assert.deepEqual(await eventsOf(workflowId), [STARTED]);
    });

    it('when a query is asked, which fails with FAILED_PRECONDITION', async () => {
      const handle = await startNew();
      await assert.rejects(handle.query(heard), (error) => {
        assert.ok(error instanceof ServiceError && isGrpcServiceError(error.cause));
        assert.equal(error.cause.code, FAILED_PRECONDITION);
        return true;
      });
      assert.deepEqual(await eventsOf(handle.workflowId), [STARTED]);
    });

    it('while a list already shows it as running', async () => {
      const { workflowId } = await startNew();
      const query = `WorkflowId = '${workflowId}' AND ExecutionStatus = 'Running'`;
      await eventually(async () => assert.equal((await client.workflow.count(query)).count, 1));
    });
  });

  describe('gets its first task at once', () => {
    it('by signal-with-start', async () => {
      const handle = await startNew();
      await signalWithStart(handle.workflowId, 'news');
      assert.deepEqual((await eventsOf(handle.workflowId)).slice(0, 3), [STARTED, SIGNALED, SCHEDULED]);
      assert.deepEqual(await endOf(handle), ['news', 'end']);
    });

    it('by an update', async () => {
      const handle = await startNew();
      assert.equal(await handle.executeUpdate(ask, { args: ['question'] }), 'heard question');
    });

    it('by update-with-start', async () => {
      const handle = await startNew();
      assert.equal(await updateWithStart(handle.workflowId, 'question'), 'heard question');
      assert.deepEqual(await endOf(handle), ['question', 'end']);
    });

    it('by a cancellation, so that its own code ends it', async () => {
      const handle = await startNew();
      await handle.cancel();
      const events = await eventsOf(handle.workflowId);
      assert.deepEqual(events.slice(0, 3), [STARTED, 'WorkflowExecutionCancelRequested', SCHEDULED]);
      await assert.rejects(handle.result());
      assert.equal((await handle.describe()).status.name, 'CANCELLED');
    });
  });

  it('is terminated without a task', async () => {
    const handle = await startNew();
    await handle.terminate();
    assert.deepEqual(await eventsOf(handle.workflowId), [STARTED, 'WorkflowExecutionTerminated']);
  });

  describe('may be started by whoever speaks to it first', () => {
    it('by signal-with-start without a delay, which runs it at once', async () => {
      const workflowId = randomUUID();
      await signalWithStart(workflowId, 'end');
      assert.deepEqual(await client.workflow.getHandle<typeof listener>(workflowId).result(), ['end']);
      await assert.rejects(start(workflowId), WorkflowExecutionAlreadyStartedError);
    });

    it('by update-with-start', async () => {
      const workflowId = randomUUID();
      assert.equal(await updateWithStart(workflowId, 'question'), 'heard question');
      await assert.rejects(start(workflowId), WorkflowExecutionAlreadyStartedError);
      await endOf(client.workflow.getHandle(workflowId));
    });

    it('but a signal-with-start that names a delay waits for it', async () => {
      const workflowId = randomUUID();
      await signalWithStart(workflowId, 'news', { startDelay: DELAY });
      assert.deepEqual(await eventsOf(workflowId), [STARTED, SIGNALED]);
    });

    it('and an update-with-start that names a delay is refused', async () => {
      await assert.rejects(
        updateWithStart(randomUUID(), 'question', { startDelay: DELAY }),
        (error) => isGrpcServiceError(error) && error.code === INVALID_ARGUMENT,
      );
    });
  });

  describe('that has closed', () => {
    const CLOSED: Record<string, (handle: WorkflowHandle<typeof listener>) => Promise<unknown>> = {
      completed: (handle) => endOf(handle),
      terminated: (handle) => handle.terminate(),
    };
    for (const [how, close] of Object.entries(CLOSED)) {
      it(`is not started again (${how}): whoever speaks to it learns that it exists`, async () => {
        const handle = await startNew();
        await close(handle);
        const events = await eventsOf(handle.workflowId);
        await assert.rejects(signalWithStart(handle.workflowId, 'late'), WorkflowExecutionAlreadyStartedError);
        await assert.rejects(updateWithStart(handle.workflowId, 'late'), WorkflowExecutionAlreadyStartedError);
        await assert.rejects(start(handle.workflowId), WorkflowExecutionAlreadyStartedError);
        assert.deepEqual(await eventsOf(handle.workflowId), events);
      });
    }

    it('refuses a plain signal and a plain update as if it had never existed', async () => {
      for (const handle of [await startNew(), client.workflow.getHandle<typeof listener>(randomUUID())]) {
        await handle.terminate().catch(() => undefined);
        await assert.rejects(handle.signal(news, 'late'), WorkflowNotFoundError);
        await assert.rejects(handle.executeUpdate(ask, { args: ['late'] }), WorkflowNotFoundError);
      }
    });
  });
});
