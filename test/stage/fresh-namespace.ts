import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { prepareNamespace } from '../../local/temporal-namespace.ts';
import type { TemporalPlace } from '../../platform/temporal/client.ts';
import { sharedServer } from './shared-server.ts';

/** A real Temporal server that can skip time: TEST_TEMPORAL_ADDRESS, or a server started for this run. */
export const temporalServer = () => sharedServer('temporal');

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
