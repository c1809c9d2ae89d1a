import {
  type ActivityOptions,
  type LocalActivityOptions,
  TemporalFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { InventoryActivities } from '../activities/inventory.ts';
import type { Attempted } from '../activities/operation.ts';
import type { OrderActivities } from '../activities/order.ts';
import type { PaymentActivities } from '../activities/payment.ts';
import type { ShippingActivities } from '../activities/shipping.ts';
import { ORDER_TASK_QUEUE } from './messages.ts';
import { summaryOf } from './summaries.ts';

// How long the saga is willing to wait is the saga's decision, so it is stated here.
// One try ends after 10 s: twice what a service's slowest statement may take.
const ONE_TRY = '10s';
// Faults are retried from 200 ms on, doubling, so that a restarted service is met at once and a dead one not hammered.
const backoff = { initialInterval: '200ms', backoffCoefficient: 2 } as const;

/** Forward steps wait five minutes for a service that is down; then the order is rejected and undone. */
const patience: ActivityOptions = {
  startToCloseTimeout: ONE_TRY,
  scheduleToCloseTimeout: '5m',
  retry: { ...backoff, maximumInterval: '10s' },
  // A cancellation goes ahead at once; the undo's tombstone meets the step that may still be running.
  cancellationType: 'TRY_CANCEL',
};

/** What must happen has no deadline: it is asked again until it is answered. */
const untilAnswered: ActivityOptions = {
  startToCloseTimeout: ONE_TRY,
  retry: { ...backoff, maximumInterval: '1m' },
};

// Three quick tries fit into one workflow task, so that a hiccup costs no event.
const atOnce: LocalActivityOptions = { startToCloseTimeout: '2s', retry: { ...backoff, maximumAttempts: 3 } };

/** A contract as a workflow sees it: answers come with the attempts they took. */
export type Durable<Face> = {
  [Name in keyof Face]: Face[Name] extends (request: infer Request) => Promise<infer Answer>
    ? (request: Request) => Promise<Attempted<Answer>>
    : never;
};

export const inventory = durable<InventoryActivities>('inventory', patience);
export const payment = durable<PaymentActivities>('payment', patience);
export const shipping = durable<ShippingActivities>('shipping', patience);

/** Undos, and everything after the goods have left. */
export const settled = {
  inventory: durable<InventoryActivities>('inventory', untilAnswered),
  payment: durable<PaymentActivities>('payment', untilAnswered),
  shipping: durable<ShippingActivities>('shipping', untilAnswered),
};

/**
 * The order service's own bookkeeping: a local activity, since its worker is the one that runs this workflow. Where
 * its database does not answer at once it becomes a durable one, which waits without filling the history.
 */
export const books = bookkeeping();

function bookkeeping(): OrderActivities {
  type Books = Record<string, (request: unknown) => Promise<unknown>>;
  const quick = proxyLocalActivities(atOnce) as unknown as Books;
  const lasting = proxyActivities({ ...untilAnswered, taskQueue: ORDER_TASK_QUEUE }) as unknown as Books;
  return new Proxy({} as OrderActivities, {
    get: (_target, name: string) => async (request: unknown) => {
      try {
        return await quick[name]!(request);
      } catch (error) {
        if (!(error instanceof TemporalFailure) || isCancellation(error)) throw error;
        return lasting[name]!(request);
      }
    },
  });
}

/** Every activity shows in the Temporal Web UI with a sentence on what was asked. */
function durable<Face extends object>(taskQueue: string, options: ActivityOptions): Durable<Face> {
  type Ask = { executeWithOptions(options: ActivityOptions, args: [unknown]): Promise<unknown> };
  const activities = proxyActivities({ ...options, taskQueue }) as unknown as Record<string, Ask>;
  return new Proxy({} as Durable<Face>, {
    get: (_target, name: string) => (request: unknown) =>
      activities[name]!.executeWithOptions({ summary: summaryOf(name, request) }, [request]),
  });
}
