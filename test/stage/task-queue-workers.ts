import path from 'node:path';
import { Worker } from '@temporalio/worker';
import { cartActivities } from '../../activities/cart.ts';
import { inventoryActivities } from '../../activities/inventory.ts';
import { type OrderActivities, orderActivities } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Booking } from '../../activities/shipping.ts';
import { paymentActivities } from '../../activities/payment.ts';
import type { ReconciliationReport } from '../../activities/reconciliation.ts';
import { shippingActivities } from '../../activities/shipping.ts';
import { listen } from '../../platform/http/server.ts';
import { createServiceApi } from '../../platform/http/service-api.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { countAttempts, durableActivities, translateRefusals } from '../../platform/temporal/worker.ts';
import { workflowBundle } from '../../platform/temporal/workflow-bundle.ts';
import { createFirstAttempt } from '../../services/order/first-attempt.ts';
import { type StepServices, createStepServices } from '../../services/order/step-services.ts';
import type { StepActivities } from './fake-order-services.ts';
import type { TemporalConnections } from './temporal-connections.ts';
import type { createWebhookStage } from './test-webhook-worker.ts';

type WorkerConnection = TemporalConnections['worker'];

interface Implementations {
  services: StepActivities;
  bookkeeping: OrderActivities;
  webhooks: ReturnType<typeof createWebhookStage>;
}

const CONTRACTS = {
  cart: cartActivities,
  inventory: inventoryActivities,
  payment: paymentActivities,
  shipping: shippingActivities,
};
const REPORT: ReconciliationReport = {
  orders: 3,
  findings: 1,
  opened: 1,
  open: 0,
  accepted: 0,
  leftOut: 0,
  closed: 2,
  moving: 0,
  notCompared: ['the ledger of the carrier: it has none that can be read'],
  examples: ['tea stock-balance: expected 12; found 5'],
};
const TOKEN = 'a service token of 32 characters';
const cache = path.join(import.meta.dirname, '../../.cache');

export interface TaskQueueWorkers {
  /** The services over HTTP, as the order service calls them. */
  stepServices: StepServices;
  /** Does this while no worker runs the workflows of orders and returns. */
  whileStopped(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** Runs a worker on the task queue of each service, and an HTTP server for steps that are first tried directly. */
export async function runTaskQueueWorkers(
  connection: WorkerConnection,
  { services, bookkeeping, webhooks }: Implementations,
): Promise<TaskQueueWorkers> {
  const serviceApi = await serveActivities(services);
  const urls = [serviceApi.url];
  const stepServices = createStepServices({ cart: urls, inventory: urls, payment: urls, shipping: urls }, TOKEN);
  const workers = await Promise.all([
    webhooks.worker({ ...connection, workflowBundle: await workflowBundle(cache) }),
    ...Object.entries(CONTRACTS).map(([taskQueue, operations]) =>
      Worker.create({
        ...connection,
        taskQueue,
        activities: durableActivities({ operations, implementation: services }),
        interceptors: { activity: [translateRefusals, countAttempts] },
      }),
    ),
  ]);
  const running = workers.map((worker) => worker.run());
  const startOrders = async () => {
    const worker = await createOrderWorker(connection, bookkeeping, stepServices);
    return { worker, ended: worker.run() };
  };
  let orders = await startOrders();
  return {
    stepServices,
    async whileStopped(work) {
      orders.worker.shutdown();
      await orders.ended;
      try {
        await work();
      } finally {
        orders = await startOrders();
      }
    },
    async close() {
      for (const worker of [...workers, orders.worker]) worker.shutdown();
      await Promise.all([...running, orders.ended, serviceApi.close()]);
    },
  };
}

async function createOrderWorker(
  connection: WorkerConnection,
  bookkeeping: OrderActivities,
  stepServices: StepServices,
): Promise<Worker> {
  const { cart, inventory, payment, shipping } = stepServices;
  const confirm = async (note: OrderUpdate, booking: Booking) => {
    await bookkeeping.confirmOrder({ ...note, ...booking });
    return {};
  };
  return Worker.create({
    ...connection,
    taskQueue: 'order',
    workflowBundle: await workflowBundle(cache),
    activities: {
      ...createFirstAttempt({ ...bookkeeping, confirm }, stepServices),
      // The books are compared in test/services/order/reconcile/.
      reconcileBooks: async () => REPORT,
      ...cart,
      ...inventory,
      ...payment,
      ...shipping,
      ...durableActivities({ operations: orderActivities, implementation: bookkeeping }),
    },
    interceptors: { activity: [translateRefusals] },
    maxCachedWorkflows: 500,
  });
}

/** Serves the activities of all services over HTTP, with the same functions as on their task queues. */
function serveActivities(services: StepActivities) {
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
