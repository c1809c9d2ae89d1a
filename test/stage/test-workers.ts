import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Lane } from '../../activities/lane.ts';
import { type OrderActivities, orderActivities } from '../../activities/order-bookkeeping.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { installTemporalRuntime } from '../../platform/temporal/worker.ts';
import type { OrderStart } from '../../activities/order-placing.ts';
import {
  type OrderInput,
  type ParcelMoved,
  orderWorkflowId,
  parcelMovedSignal,
  type PaymentMoved,
  paymentMovedSignal,
  startOptionsOf,
} from '../../workflows/order/messages.ts';
import type { orderWorkflow } from '../../workflows/order/workflow.ts';
import { type ReturnInput, returnWorkflowId } from '../../workflows/return/messages.ts';
import type { returnWorkflow } from '../../workflows/return/workflow.ts';
import { disputeWorkflowId } from '../../workflows/dispute/messages.ts';
import type { disputeWorkflow } from '../../workflows/dispute/workflow.ts';
import { failedCaptureWorkflowId } from '../../workflows/failed-capture/messages.ts';
import type { failedCaptureWorkflow } from '../../workflows/failed-capture/workflow.ts';
import { failedRefundWorkflowId } from '../../workflows/failed-refund/messages.ts';
import type { failedRefundWorkflow } from '../../workflows/failed-refund/workflow.ts';
import { latePaymentWorkflowId } from '../../workflows/late-payment/messages.ts';
import type { latePaymentWorkflow } from '../../workflows/late-payment/workflow.ts';
import { refundWorkflowId } from '../../workflows/refund/messages.ts';
import type { refundWorkflow } from '../../workflows/refund/workflow.ts';
import { strayParcelWorkflowId } from '../../workflows/stray-parcel/messages.ts';
import type { strayParcelWorkflow } from '../../workflows/stray-parcel/workflow.ts';
import { type StepActivities, type StepActivityName, createServices } from './fake-order-services.ts';
import { type OrderWorld, OrderWorlds } from './order-world.ts';
import { createBookkeeping } from './fake-bookkeeping.ts';
import { placeAsOrderService } from './express-orders.ts';
import { freshNamespace } from './fresh-namespace.ts';
import { runTaskQueueWorkers } from './task-queue-workers.ts';
import { connectToTemporal } from './temporal-connections.ts';
import { type Deliver, createWebhookStage } from './test-webhook-worker.ts';

/** Replaces a service's response. `number` counts the calls from 1; `next` calls the service. */
export type Fault = (call: {
  number: number;
  request: unknown;
  world: OrderWorld;
  next: () => Promise<unknown>;
}) => Promise<unknown>;
export type Faults = Partial<Record<StepActivityName | keyof OrderActivities, Fault>>;

export interface TestOrder {
  orderId: string;
  world: OrderWorld;
  handle: WorkflowHandle<typeof orderWorkflow>;
  /** The client that has started it. */
  client: Client;
  /** The carrier's news, as the gateway sends it. */
  moved(status: ParcelMoved['status'], parcelId?: string): Promise<void>;
  /** The card processor's news, as the gateway sends it. */
  paymentMoved(moved?: PaymentMoved): Promise<void>;
}

export type OrderChange = Partial<OrderInput> & {
  lane?: Lane;
  /** The client that starts the workflow. */
  by?: Client;
};

/** Real workers on a real server, with correct services in memory. A test can make a service fail for one order. */
export interface TestWorkers {
  /** The server skips the timers of the workflows that this client starts. */
  client: Client;
  /** The server does not skip their timers. */
  inRealTime: Client;
  place(faults?: Faults, change?: OrderChange): Promise<TestOrder>;
  /** The same workers; orders placed through them take this lane. */
  inLane(lane: Lane): TestWorkers;
  /** The services without faults, for carrying out what a worker did before it died. */
  services: StepActivities;
  bookkeeping: OrderActivities;
  worldOf(orderId: string): OrderWorld;
  sendBack(
    order: TestOrder,
    change?: Partial<ReturnInput>,
    by?: Client,
  ): Promise<WorkflowHandleWithFirstExecutionRunId<typeof returnWorkflow>>;
  /** The carrier reports the order's parcel as dispatched although the order has ended. */
  reportStray(order: TestOrder): Promise<WorkflowHandleWithFirstExecutionRunId<typeof strayParcelWorkflow>>;
  /** Staff gives money back without a return. */
  refund(order: TestOrder, amountMinor: number): Promise<WorkflowHandleWithFirstExecutionRunId<typeof refundWorkflow>>;
  /** The card processor could not pay a refund that it had said yes to. */
  failRefund(order: TestOrder): Promise<WorkflowHandleWithFirstExecutionRunId<typeof failedRefundWorkflow>>;
  /** The card processor has taken back what it had captured. */
  failCapture(order: TestOrder): Promise<WorkflowHandleWithFirstExecutionRunId<typeof failedCaptureWorkflow>>;
  /** The card's holder disputes the payment. */
  dispute(order: TestOrder, by?: Client): Promise<WorkflowHandleWithFirstExecutionRunId<typeof disputeWorkflow>>;
  /** The card's holder has confirmed the order's payment although the order has ended. */
  releaseLate(order: TestOrder): Promise<WorkflowHandleWithFirstExecutionRunId<typeof latePaymentWorkflow>>;
  /** Starts a webhook delivery. Its attempts end as the script says; the last entry applies to all further attempts. */
  deliver: Deliver;
  /** Does this while no worker runs the workflows of orders and returns. */
  whileStopped(work: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

const RETURN_WINDOW_MS = 30 * 24 * 60 * 60 * 1000;

export async function startTestWorkers(): Promise<TestWorkers> {
  await installTemporalRuntime(createLogger('test', 'error'));
  const connections = await connectToTemporal(await freshNamespace());
  const { client, inRealTime } = connections;
  const worlds = new OrderWorlds();
  const faults = new Map<string, Faults>();
  const withoutFaults = { services: createServices(worlds), bookkeeping: createBookkeeping(worlds, RETURN_WINDOW_MS) };
  const webhooks = createWebhookStage(client);
  const bookkeeping = withFaults(withoutFaults.bookkeeping, worlds, faults);
  const running = await runTaskQueueWorkers(connections.worker, {
    services: withFaults(withoutFaults.services, worlds, faults),
    bookkeeping,
    webhooks,
  });
  const placeExpress = (by: Client, input: OrderInput) =>
    placeAsOrderService({ by, input, services: running.stepServices, bookkeeping, worlds });
  const testWorkers: TestWorkers = {
    client,
    inRealTime,
    ...withoutFaults,
    deliver: webhooks.deliver,
    inLane: (lane) => ({
      ...testWorkers,
      place: (orderFaults, change) => testWorkers.place(orderFaults, { lane, ...change }),
    }),
    worldOf: (orderId) => worlds.of(orderId),
    whileStopped: (work) => running.whileStopped(work),
    async place(orderFaults = {}, { lane = 'durable', by = client, ...change } = {}) {
      const input = { ...orderInput(), ...change };
      faults.set(input.orderId, orderFaults);
      if (lane === 'express') await placeExpress(by, input);
      else await startOrder(by, input, lane);
      return testOrder(by, { input, lane }, worlds.of(input.orderId));
    },
    reportStray: (order) => startStrayParcel(client, order),
    refund({ orderId }, amountMinor) {
      const refundId = randomUUID();
      return client.workflow.start<typeof refundWorkflow>('refundWorkflow', {
        workflowId: refundWorkflowId(refundId),
        taskQueue: 'order',
        args: [{ refundId, orderId, amount: { amountMinor, currency: 'GBP' } }],
      });
    },
    failRefund({ orderId }) {
      const refundId = randomUUID();
      return client.workflow.start<typeof failedRefundWorkflow>('failedRefundWorkflow', {
        workflowId: failedRefundWorkflowId({ refundId }),
        taskQueue: 'order',
        args: [{ refundId, orderId, amount: { amountMinor: 150, currency: 'GBP' } }],
      });
    },
    failCapture: ({ orderId }) =>
      client.workflow.start<typeof failedCaptureWorkflow>('failedCaptureWorkflow', {
        workflowId: failedCaptureWorkflowId(orderId),
        taskQueue: 'order',
        args: [{ parcelId: orderId, orderId, amount: { amountMinor: 200, currency: 'GBP' } }],
      }),
    dispute({ orderId }, by = client) {
      const disputeId = `dp_${orderId.replaceAll('-', '')}`;
      return by.workflow.start<typeof disputeWorkflow>('disputeWorkflow', {
        workflowId: disputeWorkflowId(disputeId),
        taskQueue: 'order',
        args: [{ disputeId, orderId }],
      });
    },
    releaseLate: ({ orderId }) =>
      client.workflow.start<typeof latePaymentWorkflow>('latePaymentWorkflow', {
        workflowId: latePaymentWorkflowId(orderId),
        taskQueue: 'order',
        args: [{ orderId }],
      }),
    sendBack: ({ orderId }, change, by = client) => startReturn(by, { ...returnInput(orderId), ...change }),
    async close() {
      await running.close();
      await connections.close();
    },
  };
  return testWorkers;
}

/** Starts the workers before the tests of a `describe` and stops them afterwards. Returns a function that returns them. */
export function useTestWorkers(): () => TestWorkers {
  let workers: TestWorkers;
  before(async function () {
    this.timeout(120_000);
    workers = await startTestWorkers();
  });
  after(() => workers.close());
  return () => workers;
}

/** An order whose workflow was started so. */
export const testOrder = (client: Client, start: OrderStart, world: OrderWorld): TestOrder => ({
  orderId: start.input.orderId,
  world,
  client,
  handle: client.workflow.getHandle<typeof orderWorkflow>(orderWorkflowId(start.input.orderId)),
  async moved(status, parcelId) {
    await client.workflow.signalWithStart<typeof orderWorkflow, [ParcelMoved]>('orderWorkflow', {
      ...startOptionsOf(start),
      signal: parcelMovedSignal,
      signalArgs: [{ status, ...(parcelId !== undefined && { parcelId }) }],
    });
  },
  async paymentMoved(moved = {}) {
    await client.workflow.signalWithStart<typeof orderWorkflow, [PaymentMoved]>('orderWorkflow', {
      ...startOptionsOf(start),
      signal: paymentMovedSignal,
      signalArgs: [moved],
    });
  },
});

const startOrder = (client: Client, input: OrderInput, lane: Lane) =>
  client.workflow.start<typeof orderWorkflow>('orderWorkflow', startOptionsOf({ input, lane }));

const startReturn = (client: Client, input: ReturnInput) =>
  client.workflow.start<typeof returnWorkflow>('returnWorkflow', {
    workflowId: returnWorkflowId(input.returnId),
    taskQueue: 'order',
    args: [input],
  });

const startStrayParcel = (client: Client, { orderId }: TestOrder) =>
  client.workflow.start<typeof strayParcelWorkflow>('strayParcelWorkflow', {
    workflowId: strayParcelWorkflowId(orderId),
    taskQueue: 'order',
    args: [
      {
        orderId,
        trackingNumber: `TRACK-${orderId}`,
        reported: 'dispatched',
        contradicts: 'bookingCanceled',
        orderStatus: 'canceled',
      },
    ],
  });

export const orderInput = (): OrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  lines: [{ sku: 'tea', quantity: 2 }],
  total: { amountMinor: 200, currency: 'GBP' },
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 1AA', country: 'GB' },
});

const returnInput = (orderId: string): ReturnInput => ({
  returnId: randomUUID(),
  orderId,
  customerId: randomUUID(),
  lines: [{ sku: 'tea', quantity: 2 }],
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
      (request: { orderId: string } | { orderId?: undefined; customerId: string }) => {
        // Only the reminder of a cart is about no order.
        const orderId = request.orderId ?? request.customerId;
        const world = worlds.of(orderId);
        if (!(name in orderActivities)) world.calls.push(name);
        const number = (counts.get(`${orderId}:${name}`) ?? 0) + 1;
        counts.set(`${orderId}:${name}`, number);
        const next = () => (operation as (request: unknown) => Promise<unknown>)(request);
        return faults.get(orderId)?.[name as keyof Faults]?.({ number, request, world, next }) ?? next();
      },
    ]),
  ) as unknown as Services;
}
