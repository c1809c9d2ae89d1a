import path from 'node:path';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { cartActivities } from '../../../activities/cart.ts';
import { inventoryActivities } from '../../../activities/inventory.ts';
import { type OrderActivities, orderActivities } from '../../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import type { Booking } from '../../../activities/shipping.ts';
import { paymentActivities } from '../../../activities/payment.ts';
import { shippingActivities } from '../../../activities/shipping.ts';
import { workflowBundle } from '../../../platform/temporal/workflow-bundle.ts';
import { createFirstAttempt } from '../../../services/order/first-attempt.ts';
import type { StepServices } from '../../../services/order/step-services.ts';
import { countAttempts, durableActivities, translateRefusals } from '../../../platform/temporal/worker.ts';

const root = path.join(import.meta.dirname, '../../..');
export const cache = path.join(root, '.cache');

/** Responses of services that keep no state, so that only the workflows' memory and time are measured. */
const RESPONSES: Record<string, (request: { orderId: string }) => unknown> = {
  recordOrder: () => ({ again: false }),
  authorizePayment: ({ orderId }) => ({ authorizationId: `auth-${orderId}` }),
  bookShipment: ({ orderId }) => ({ trackingNumber: `TRACK-${orderId}` }),
  trackShipment: () => ({ status: 'booked' }),
};

function statelessActivities(operations: object, onConfirmed?: (orderId: string) => void) {
  const implementation = Object.fromEntries(
    Object.keys(operations).map((name) => [
      name,
      async (request: { orderId: string }) => {
        if (name === 'confirmOrder') onConfirmed?.(request.orderId);
        return RESPONSES[name]?.(request);
      },
    ]),
  );
  return durableActivities({ operations, implementation } as Parameters<typeof durableActivities>[0]);
}

/** The order service's worker, with every service's steps as local activities. */
export const createOrderWorker = async (
  connection: NativeConnection,
  options: Partial<WorkerOptions>,
  onConfirmed: (orderId: string) => void,
): Promise<Worker> => {
  const bookkeeping = statelessActivities(orderActivities, onConfirmed);
  const services = {
    cart: statelessActivities(cartActivities),
    inventory: statelessActivities(inventoryActivities),
    payment: statelessActivities(paymentActivities),
    shipping: statelessActivities(shippingActivities),
  };
  const { recordOrder, confirmOrder } = bookkeeping as unknown as OrderActivities;
  const confirm = async (note: OrderUpdate, booking: Booking) => {
    await confirmOrder({ ...note, ...booking });
    return {};
  };
  return Worker.create({
    connection,
    taskQueue: 'order',
    workflowBundle: await workflowBundle(cache),
    activities: {
      ...createFirstAttempt({ recordOrder, confirm }, services as unknown as StepServices),
      ...services.cart,
      ...services.inventory,
      ...services.payment,
      ...services.shipping,
      ...bookkeeping,
    },
    interceptors: { activity: [translateRefusals] },
    ...options,
  });
};

/** The other services' workers, for durable steps. */
export const createServiceWorkers = (connection: NativeConnection): Promise<Worker[]> =>
  Promise.all(
    Object.entries({ inventory: inventoryActivities, payment: paymentActivities, shipping: shippingActivities }).map(
      ([taskQueue, operations]) =>
        Worker.create({
          connection,
          taskQueue,
          activities: statelessActivities(operations),
          interceptors: { activity: [translateRefusals, countAttempts] },
        }),
    ),
  );
