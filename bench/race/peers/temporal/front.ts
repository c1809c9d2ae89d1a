import { Client, Connection } from '@temporalio/client';
import { readTemporalPlace } from '../../../../platform/temporal/place.ts';
import { serveOrders } from '../front.ts';
import type { orderWorkflow } from './workflow.ts';

// Starts the workflow and waits for its result.
await serveOrders(async () => {
  const { address, namespace } = readTemporalPlace(process.env);
  const client = new Client({ connection: await Connection.connect({ address }), namespace });
  return (order) =>
    client.workflow.execute<typeof orderWorkflow>('orderWorkflow', {
      taskQueue: 'order',
      workflowId: `order-${order.orderId}`,
      args: [order],
    });
});
