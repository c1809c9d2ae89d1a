import { Client, Connection } from '@temporalio/client';
import { readConfig } from '../../../../platform/config.ts';
import { temporalSettings } from '../../../../platform/temporal/client.ts';
import { serveOrders } from '../front.ts';
import type { orderWorkflow } from './workflow.ts';

// Starts the workflow and waits for its result.
await serveOrders(async () => {
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = readConfig(temporalSettings);
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  return (order) =>
    client.workflow.execute<typeof orderWorkflow>('orderWorkflow', {
      taskQueue: 'order',
      workflowId: `order-${order.orderId}`,
      args: [order],
    });
});
