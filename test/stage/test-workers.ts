import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { cartActivities } from '../../activities/cart.ts';
import { inventoryActivities } from '../../activities/inventory.ts';
import type { Lane } from '../../activities/lane.ts';
import { type OrderActivities, orderActivities } from '../../activities/order-bookkeeping.ts';
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
  OrderWorlds,
  createBookkeeping,
  createServices,
} from './fake-order-services.ts';

/** Replaces a service's response. `number` counts the calls from 1; `next` calls the service. */
export type Fault = (call: { number: number; world: OrderWorld; next: () => Promise<unknown> }) => Promise<unknown>;
export type Faults = Partial<Record<StepActivityName | keyof OrderActivities, Fault>>;

export interface TestOrder {
  orderId: string;
  world: OrderWorld;
  handle: WorkflowHandleWithFirstExecutionRunId<typeof orderWorkflow>;
}

/** Real workers on a real server, with correct services in memory. A test can make a service fail for one order. */
export interface TestWorkers {
  /** The server skips the timers of the workflows that this client starts. */
  client: Client;
  /** The server does not skip their timers. */
  inRealTime: Client;
  place(faults?: Faults, change?: Partial<OrderInput> & { lane?: Lane }): Promise<TestOrder>;
  /** The same workers; orders placed through them take this lane. */
  inLane(lane: Lane): TestWorkers;
  /** The services without faults, for carrying out what a worker did before it died. */
  services: StepActivities;
  bookkeeping: OrderActivities;
  sendBack(
    order: TestOrder,
    change?: Partial<ReturnInput>,
    by?: Client,
  ): Promise<WorkflowHandleWithFirstExecutionRunId<typeof returnWorkflow>>;
  /** Starts a webhook delivery. Its attempts end as the script says; the last entry applies to all further attempts. */
  deliver: Deliver;
  close(): Promise<void>;
}

const RETURN_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;
const cache = path.join(import.meta.dirname, '../../.cache');

export async function startTestWorkers(): Promise<TestWorkers> {
  await installTemporalRuntime(createLogger('test', 'error'));
  const { address, namespace } = await freshNamespace();
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({ address });
  const realTimeConnection = await Connection.connect({ address });
  skipTime(clientConnection);
  // Recorded histories contain no machine's name.
  const identity = 'stage';
  const client = new Client({ connection: clientConnection, namespace, identity });
  const inRealTime = new Client({ connection: realTimeConnection, namespace, identity });
  const worlds = new OrderWorlds();
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
  const serviceApi = await serveActivities(services);
  const urls = [serviceApi.url];
  const stepServices = createStepServices({ cart: urls, inventory: urls, payment: urls, shipping: urls }, TOKEN);
  const webhooks = createWebhookStage(client);
  const temporalWorkers = await Promise.all([
    webhooks.worker({ connection, namespace, identity, workflowBundle: await workflowBundle(cache) }),
    Worker.create({
      connection,
      namespace,
      identity,
      taskQueue: 'order',
      workflowBundle: await workflowBundle(cache),
      activities: {
        ...createLocalActivities(bookkeeping, stepServices),
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
  const running = temporalWorkers.map((worker) => worker.run());

  const testWorkers: TestWorkers = {
    client,
    inRealTime,
    ...withoutFaults,
    deliver: webhooks.deliver,
    inLane: (lane) => ({
      ...testWorkers,
      place: (orderFaults, change) => testWorkers.place(orderFaults, { lane, ...change }),
    }),
    async place(orderFaults = {}, { lane = 'durable', ...change } = {}) {
      const input = { ...orderInput(), ...change };
      faults.set(input.orderId, orderFaults);
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
      for (const worker of temporalWorkers) worker.shutdown();
      await Promise.all([...running, serviceApi.close()]);
      await Promise.all([clientConnection.close(), realTimeConnection.close()]);
      await connection.close();
    },
  };
  return testWorkers;
}

const TOKEN = 'a service token of 32 characters';

/** Serves the activities of all services over HTTP, with the same functions as on their task queues. */
function serveActivities(services: object) {
  const operations = { ...cartActivities, ...inventoryActivities, ...paymentActivities, ...shippingActivities };
  const logger = createLogger('test');
  // Faults are expected here.
  logger.silent = true;
  const app = createServiceApi({
    requests: { operations: {}, implementation: {} },
    activities: { operations, implementation: services },
    ready: async () => undefined,
    token: TOKEN,
    logger,
    metrics: createMetrics('test'),
  });
  return listen(app, { port: 0, setting: 'PORT' });
}

export const orderInput = (): OrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  lines: [{ sku: 'tea', quantity: 2 }],
  total: { amountMinor: 200, currency: 'GBP' },
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 1AA', country: 'GB' },
});

/** Counts and records each call; an order's fault replaces the service. */
function withFaults<Services extends object>(
  services: Services,
  worlds: OrderWorlds,
  faults: Map<string, Faults>,
): Services {
  const counts = new Map<string, number>();
  return Object.fromEntries(
    Object.entries(services).map(([name, operation]) => [
      name,
      (request: { orderId: string }) => {
        const { orderId } = request;
        const world = worlds.of(orderId);
        if (!(name in orderActivities)) world.calls.push(name);
        const number = (counts.get(`${orderId}:${name}`) ?? 0) + 1;
        counts.set(`${orderId}:${name}`, number);
        const next = () => (operation as (request: unknown) => Promise<unknown>)(request);
        return faults.get(orderId)?.[name as keyof Faults]?.({ number, world, next }) ?? next();
      },
    ]),
  ) as unknown as Services;
}

/** Makes the server skip the timers of every workflow started over this connection. The SDK has no option for it. */
export function skipTime(connection: Connection): void {
  const service = connection.workflowService;
  const start = service.startWorkflowExecution.bind(service);
  service.startWorkflowExecution = ((request: object, ...rest: unknown[]) =>
    (start as (...all: unknown[]) => unknown)({ ...request, timeSkippingConfig: { enabled: true } }, ...rest)) as never;
}
