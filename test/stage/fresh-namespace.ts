import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { prepareNamespace } from '../../local/temporal-namespace.ts';
import type { TemporalPlace } from '../../platform/temporal/place.ts';
import { sharedServer } from './shared-server.ts';

/** A real Temporal server that can skip time: TEST_TEMPORAL_ADDRESS, or a server started for this run. */
export const temporalServer = () => sharedServer('temporal');

/** A new namespace for one test file, isolated from the workflows, task queues and workers of other files. */
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

const ATTRIBUTES = ['OrderStatus', 'CustomerId', 'PaymentStatus', 'FulfillmentStatus', 'WaitsFor'];

/** A new namespace and its search attributes become known to all parts of the server within milliseconds. */
async function untilUsable(connection: Connection, namespace: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      const query = ATTRIBUTES.map((name) => `${name} = 'none'`).join(' AND ');
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
