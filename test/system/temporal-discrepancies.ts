import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Platform } from '../stage/test-platform.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { changeAsOwner } from './change-as-owner.ts';
import type { Discrepancy, Target } from './discrepancies.ts';

const startedOrderId = randomUUID();

/** Discrepancies between the orders and the workflows that run. */
export const TEMPORAL_DISCREPANCIES: readonly Discrepancy[] = [
  {
    name: 'a confirmed order without a workflow',
    orderStage: 'confirmed',
    async cause(target) {
      await terminate(target.platform, target.order.id);
      // Longer ago than an order takes to be handed over.
      await setUpdated(target, `now() - interval '1 hour'`);
    },
    async putRight(target) {
      await startIdle(target.platform, target.order.id);
      await setUpdated(target, 'now()');
    },
    says: ({ id }) => [`${id} workflow: expected a running workflow; found none, and the order is confirmed since `],
  },
  {
    name: 'a running workflow without an order',
    orderStage: 'confirmed',
    cause: ({ platform }) => startIdle(platform, startedOrderId),
    putRight: ({ platform }) => terminate(platform, startedOrderId),
    says: () => [
      `${startedOrderId} order-exists: expected an order in the order service; found only a running workflow`,
    ],
  },
];

/** Starts an order's workflow where no worker takes its tasks, so that it runs and does nothing. */
const startIdle = (platform: Platform, orderId: string) =>
  withTemporal(platform, ({ workflow }) =>
    workflow.start('orderWorkflow', { workflowId: orderWorkflowId(orderId), taskQueue: 'nobody' }),
  );

const terminate = (platform: Platform, orderId: string) =>
  withTemporal(platform, ({ workflow }) => workflow.getHandle(orderWorkflowId(orderId)).terminate('a test'));

async function withTemporal(platform: Platform, work: (client: Client) => Promise<unknown>): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${platform.setting('TEMPORAL_PORT')}` });
  await work(new Client({ connection })).finally(() => connection.close());
}

const setUpdated = ({ platform, order }: Target, time: string) =>
  changeAsOwner(platform.ownerUrl('order'), `update orders set updated_at = ${time} where id = $1`, [order.id]);
