import assert from 'node:assert/strict';
import path from 'node:path';
import { mock } from 'node:test';
import winston from 'winston';
import { workflowBundle } from '../../../platform/temporal/workflow-bundle.ts';
import { keepWorking } from '../../../platform/temporal/worker.ts';
import { chooseWorkflowThreads } from '../../../platform/temporal/workflow-threads.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace, temporalServer } from '../../stage/fresh-namespace.ts';

describe('a worker', function () {
  this.timeout(60_000);

  it('creates no workflow threads, which nothing would end, while its namespace does not exist', async () => {
    const logger = winston.createLogger({ silent: true });
    const { address } = await temporalServer();
    const bundle = await workflowBundle(path.join(import.meta.dirname, '../../../.cache'));
    const warn = mock.method(logger, 'warn', () => logger);
    let threads = 0;
    const count = () => (threads += 1);
    process.on('worker', count);
    await chooseWorkflowThreads({ watchdog: 'activation', stackTraces: false });
    const worker = keepWorking(
      { address, namespace: 'nobody' },
      { taskQueue: 'order', workflowBundle: bundle },
      logger,
    );
    await eventually(() => assert.ok(warn.mock.callCount() >= 2));
    await worker.close();
    process.off('worker', count);
    await chooseWorkflowThreads({ watchdog: 'entry', stackTraces: true });
    assert.equal(threads, 0);
  });

  it('releases everything if it is closed while it starts', async () => {
    const logger = winston.createLogger({ silent: true });
    const warn = mock.method(logger, 'warn', () => logger);
    const worker = keepWorking(
      await freshNamespace(),
      { taskQueue: 'order', activities: { async nothing() {} } },
      logger,
    );
    await worker.close();
    // A worker that is not released keeps its connection from closing, and the process from ending.
    assert.deepEqual(
      warn.mock.calls.map(({ arguments: given }) => given),
      [],
    );
  });
});
