import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { findTemporal } from '../../platform/start/temporal-binary.ts';
import { prepareNamespace } from '../../platform/start/temporal-namespace.ts';
import { startTemporal } from '../../platform/start/temporal.ts';
import type { TemporalPlace } from '../../platform/temporal.ts';
import { beforeRunEnds, scratchFolder } from './global.ts';

const cache = path.join(import.meta.dirname, '../../.cache');
let server: Promise<{ address: string }> | undefined;

/** A real Temporal server that can skip time: TEST_TEMPORAL_ADDRESS's, or one started for this run. */
export function temporalServer(): Promise<{ address: string }> {
  server ??= process.env.TEST_TEMPORAL_ADDRESS
    ? Promise.resolve({ address: process.env.TEST_TEMPORAL_ADDRESS })
    : startForThisRun();
  return server;
}

/** A namespace of its own for one test file: no workflow, task queue or worker of another file can be met in it. */
export async function freshNamespace(): Promise<TemporalPlace> {
  const { address } = await temporalServer();
  const namespace = `test-${randomUUID().slice(0, 8)}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    await prepareNamespace({ address, namespace });
    await untilUsable(connection, namespace);
  } finally {
    await connection.close();
  }
  return { address, namespace };
}

async function startForThisRun(): Promise<{ address: string }> {
  const running = await startTemporal({
    executable: await findTemporal(cache),
    folder: path.join(scratchFolder(), 'temporal'),
    port: 0,
    uiPort: undefined,
    namespace: 'default',
    timeSkipping: true,
  });
  beforeRunEnds(() => running.close());
  return running;
}

/** The server's parts learn of a new namespace and its search attributes one after the other, within milliseconds. */
async function untilUsable(connection: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const query = `OrderStatus = 'pending' AND CustomerId = 'nobody'`;
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
