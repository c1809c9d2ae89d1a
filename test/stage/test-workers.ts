import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { cartActivities } from '../../activities/cart.ts';
import { inventoryActivities } from '../../activities/inventory.ts';
import type { Lane } from '../../activities/lane.ts';
import { type OrderActivities, orderActivities } from '../../activities/order.ts';
import { paymentActivities } from '../../activities/payment.ts';
import { shippingActivities } from '../../activities/shipping.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { createServiceApi } from '../../platform/http/service-api.ts';
import { listen } from '../../platform/http/server.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import {
  countAttempts,
  durableActivities,
  installTemporalRuntime,
  translateRefusals,
} from '../../platform/temporal/worker.ts';
import { createStepServices } from '../../services/order/step-services.ts';
import { createLocalActivities } from '../../services/order/lanes.ts';
import { type OrderInput, orderWorkflowId } from '../../workflows/order/messages.ts';
import { type ReturnInput, returnWorkflowId } from '../../workflows/return/messages.ts';
import { customerIdAttribute, orderStatusAttribute } from '../../workflows/saga/messages.ts';
import type { orderWorkflow } from '../../workflows/order/workflow.ts';
import type { returnWorkflow } from '../../workflows/return/workflow.ts';
import { freshNamespace } from './fresh-namespace.ts';
import { type Deliver, createWebhookStage } from './test-webhook-worker.ts';
import {
  type StepActivities,
  type StepActivityName,
  type OrderWorld,
  Worlds,
  createBookkeeping,
  createServices,
} from './fake-order-services.ts';

/** What a service does instead of answering: sees the call's number, from 1, and may answer through `next` or throw. */
export type Fault = (call: { number: number; world: OrderWorld; next: () => Promise<unknown> }) => Promise<unknown>;
export type Faults = Partial<Record<StepActivityName | keyof OrderActivities, Fault>>;

export interface PlayedOrder {
  orderId: string;
  world: OrderWorld;
  handle: WorkflowHandleWithFirstExecutionRunId<typeof orderWorkflow>;
}

/** Real workers on a real server, with services that keep their promises in memory except where a test faults one. */
export interface Stage {
  /** Waits of what it starts are skipped. */
  client: Client;
  /** Waits of what it starts are not. */
  inRealTime: Client;
  place(faults?: Faults, change?: Partial<OrderInput> & { lane?: Lane }): Promise<PlayedOrder>;
  /** The same stage, on which orders take this lane. */
  in(lane: Lane): Stage;
  /** What the order's workers ask, withoutFaults: for doing what a worker did of which nobody has heard since. */
  services: StepActivities;
  bookkeeping: OrderActivities;
  sendBack(
    order: PlayedOrder,
    change?: Partial<ReturnInput>,
    by?: Client,
  ): Promise<WorkflowHandleWithFirstExecutionRunId<typeof returnWorkflow>>;
  /** Begins the delivery of a webhook, of which each attempt ends as the script says, the last word for all that follow. */
  deliver: Deliver;
  close(): Promise<void>;
}

const RETURN_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;
const cache = path.join(import.meta.dirname, '../../.cache');

export async function createStage(): Promise<Stage> {
  await installTemporalRuntime(createLogger('test', 'error'));
  const { address, namespace } = await freshNamespace();
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({ address });
  const awakeConnection = await Connection.connect({ address });
  skipTime(clientConnection);
  // Recorded histories name no machine.
  const identity = 'stage';
  const client = new Client({ connection: clientConnection, namespace, identity });
  const inRealTime = new Client({ connection: awakeConnection, namespace, identity });
  const worlds = new Worlds();
  const faults = new Map<string, Faults>();
  const withoutFaults = { services: createServices(worlds), bookkeeping: createBookkeeping(worlds, RETURN_WINDOW_MS) };
  const services = withFaults(withoutFaults.services, worlds, faults);
  const bookkeeping = withFaults(withoutFaults.bookkeeping, worlds, faults);
  const contracts = {
    cart: cartActivities,
    inventory: inventoryActivities,
    payment: paymentActivities,
    shipping: shippingActivities,
  };
  const door = await openDoor(services);
  const urls = [door.url];
  const doors = createStepServices({ cart: urls, inventory: urls, payment: urls, shipping: urls }, TOKEN);
  const webhooks = createWebhookStage(client);
  const workers = await Promise.all([
    webhooks.worker({ connection, namespace, identity, workflowBundle: await workflowBundle(cache) }),
    Worker.create({
      connection,
      namespace,
      identity,
      taskQueue: 'order',
      workflowBundle: await workflowBundle(cache),
      activities: {
        ...createLocalActivities(bookkeeping, doors),
        ...durableActivities({ operations: orderActivities, implementation: bookkeeping }),
      },
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

  const stage: Stage = {
    client,
    inRealTime,
    ...withoutFaults,
    deliver: webhooks.deliver,
    in: (lane) => ({ ...stage, place: (mine, change) => stage.place(mine, { lane, ...change }) }),
    async place(mine = {}, { lane = 'durable', ...change } = {}) {
      const input = { ...orderInput(), ...change };
      faults.set(input.orderId, mine);
      const handle = await client.workflow.start<typeof orderWorkflow>('orderWorkflow', {
        workflowId: orderWorkflowId(input.orderId),
        taskQueue: 'order',
        args: [input],
        memo: { lane },
        typedSearchAttributes: [
          { key: orderStatusAttribute, value: 'pending' },
          { key: customerIdAttribute, value: input.customerId },
        ],
      });
      return { orderId: input.orderId, world: worlds.of(input.orderId), handle };
    },
    async sendBack({ orderId }, change = {}, by = client) {
      const input = {
        returnId: randomUUID(),
        orderId,
        customerId: randomUUID(),
        lines: [{ sku: 'tea', quantity: 2 }],
        ...change,
      };
      return by.workflow.start<typeof returnWorkflow>('returnWorkflow', {
        workflowId: returnWorkflowId(input.returnId),
        taskQueue: 'order',
        args: [input],
      });
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      await Promise.all([...running, door.close()]);
      await Promise.all([clientConnection.close(), awakeConnection.close()]);
      await connection.close();
    },
  };
  return stage;
}

const TOKEN = 'a service token of 32 characters';

/** One door for all services: what is asked there is answered by the same functions as on their queues. */
function openDoor(services: object) {
  const operations = { ...cartActivities, ...inventoryActivities, ...paymentActivities, ...shippingActivities };
  const logger = createLogger('test');
  // What a test faults is no news.
  logger.silent = true;
  const door = createServiceApi({
    requests: { operations: {}, implementation: {} },
    activities: { operations, implementation: services },
    ready: async () => undefined,
    token: TOKEN,
    logger,
    metrics: createMetrics('test'),
  });
  return listen(door, { port: 0, setting: 'PORT' });
}

export const orderInput = (): OrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  lines: [{ sku: 'tea', quantity: 2 }],
  total: { amountMinor: 200, currency: 'GBP' },
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 1AA', country: 'GB' },
});

/** Counts and logs each call, and lets the order's own fault stand in for the service. */
function withFaults<Face extends object>(services: Face, worlds: Worlds, faults: Map<string, Faults>): Face {
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
        return faults.get(orderId)?.[name as keyof Faults]?.({ number, world, next }) ?? next();
      },
    ]),
  ) as unknown as Face;
}

/** Every workflow started over this connection has its waits skipped by the server; the SDK has no option for it. */
export function skipTime(connection: Connection): void {
  const service = connection.workflowService;
  const start = service.startWorkflowExecution.bind(service);
  service.startWorkflowExecution = ((request: object, ...rest: unknown[]) =>
    (start as (...all: unknown[]) => unknown)({ ...request, timeSkippingConfig: { enabled: true } }, ...rest)) as never;
}
