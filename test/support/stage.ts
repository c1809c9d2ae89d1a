import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inventoryActivities } from '../../activities/inventory.ts';
import { type OrderActivities, orderActivities } from '../../activities/order.ts';
import { paymentActivities } from '../../activities/payment.ts';
import { shippingActivities } from '../../activities/shipping.ts';
import { workflowBundle } from '../../platform/bundle.ts';
import { createLogger } from '../../platform/logger.ts';
import { countAttempts, durableActivities, installTemporalRuntime, translateRefusals } from '../../platform/worker.ts';
import {
  type OrderInput,
  type ReturnInput,
  customerIdAttribute,
  orderStatusAttribute,
  orderWorkflowId,
  returnWorkflowId,
} from '../../workflows/messages.ts';
import type { orderWorkflow } from '../../workflows/order.ts';
import type { returnWorkflow } from '../../workflows/return.ts';
import { freshNamespace } from './temporal.ts';
import { type AskedName, type OrderWorld, Worlds, createBooks, createServices } from './world.ts';

/** What a service does instead of answering: sees the call's number, from 1, and may answer through `next` or throw. */
export type Twist = (call: { number: number; world: OrderWorld; next: () => Promise<unknown> }) => Promise<unknown>;
export type Twists = Partial<Record<AskedName | keyof OrderActivities, Twist>>;

export interface PlayedOrder {
  orderId: string;
  world: OrderWorld;
  handle: WorkflowHandleWithFirstExecutionRunId<typeof orderWorkflow>;
}

/** Real workers on a real server, with services that keep their promises in memory except where a test twists one. */
export interface Stage {
  client: Client;
  place(twists?: Twists, change?: Partial<OrderInput>): Promise<PlayedOrder>;
  sendBack(
    order: PlayedOrder,
    change?: Partial<ReturnInput>,
  ): Promise<WorkflowHandleWithFirstExecutionRunId<typeof returnWorkflow>>;
  close(): Promise<void>;
}

const RETURN_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;
const cache = path.join(import.meta.dirname, '../../.cache');

export async function createStage(): Promise<Stage> {
  await installTemporalRuntime(createLogger('test', 'error'));
  const { address, namespace } = await freshNamespace();
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({ address });
  skipTime(clientConnection);
  // Recorded histories name no machine.
  const identity = 'stage';
  const client = new Client({ connection: clientConnection, namespace, identity });
  const worlds = new Worlds();
  const twists = new Map<string, Twists>();
  const services = twisted(createServices(worlds), worlds, twists);
  const books = twisted(createBooks(worlds, RETURN_WINDOW_MS), worlds, twists);
  const contracts = { inventory: inventoryActivities, payment: paymentActivities, shipping: shippingActivities };
  const workers = await Promise.all([
    Worker.create({
      connection,
      namespace,
      identity,
      taskQueue: 'order',
      workflowBundle: await workflowBundle(cache),
      activities: durableActivities({ operations: orderActivities, implementation: books }),
      interceptors: { activity: [translateRefusals] },
      maxCachedWorkflows: 500,
    }),
    ...Object.entries(contracts).map(([taskQueue, operations]) =>
      Worker.create({
        connection,
        namespace,
        identity,
        taskQueue,
        activities: durableActivities({ operations, implementation: services }),
        interceptors: { activity: [translateRefusals, countAttempts] },
      }),
    ),
  ]);
  const running = workers.map((worker) => worker.run());

  return {
    client,
    async place(mine = {}, change = {}) {
      const input = { ...orderInput(), ...change };
      twists.set(input.orderId, mine);
      const handle = await client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
        workflowId: orderWorkflowId(input.orderId),
        taskQueue: 'order',
        args: [input],
        typedSearchAttributes: [
          { key: orderStatusAttribute, value: 'pending' },
          { key: customerIdAttribute, value: input.customerId },
        ],
      });
      return { orderId: input.orderId, world: worlds.of(input.orderId), handle };
    },
    async sendBack({ orderId }, change = {}) {
      const input = {
        returnId: randomUUID(),
        orderId,
        customerId: randomUUID(),
        lines: [{ sku: 'tea', quantity: 2 }],
        ...change,
      };
      return client.workflow.start<typeof returnWorkflow>('returnWorkflow', {
        workflowId: returnWorkflowId(input.returnId),
        taskQueue: 'order',
        args: [input],
      });
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await clientConnection.close();
      await connection.close();
    },
  };
}

export const orderInput = (): OrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  lines: [{ sku: 'tea', quantity: 2 }],
  total: { amountMinor: 200, currency: 'GBP' },
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 1AA', country: 'GB' },
});

/** Counts and logs each call, and lets the order's own twist stand in for the service. */
function twisted<Face extends object>(services: Face, worlds: Worlds, twists: Map<string, Twists>): Face {
  const counts = new Map<string, number>();
  return Object.fromEntries(
    Object.entries(services).map(([name, answer]) => [
      name,
      (request: { orderId: string }) => {
        const { orderId } = request;
        const world = worlds.of(orderId);
        if (!(name in orderActivities)) world.calls.push(name);
        const number = (counts.get(`${orderId}:${name}`) ?? 0) + 1;
        counts.set(`${orderId}:${name}`, number);
        const next = () => (answer as (request: unknown) => Promise<unknown>)(request);
        return twists.get(orderId)?.[name as keyof Twists]?.({ number, world, next }) ?? next();
      },
    ]),
  ) as unknown as Face;
}

/** Every workflow started over this connection has its waits skipped by the server; the SDK has no option for it. */
function skipTime(connection: Connection): void {
  const service = connection.workflowService;
  const start = service.startWorkflowExecution.bind(service);
  service.startWorkflowExecution = ((request: object, ...rest: unknown[]) =>
    (start as (...all: unknown[]) => unknown)({ ...request, timeSkippingConfig: { enabled: true } }, ...rest)) as never;
}
