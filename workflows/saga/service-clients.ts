import {
  type ActivityOptions,
  AsyncLocalStorage,
  type LocalActivityOptions,
  TemporalFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { CartActivities } from '../../activities/cart.ts';
import type { InventoryActivities } from '../../activities/inventory.ts';
import type { Lane } from '../../activities/lane.ts';
import type { OrderActivities } from '../../activities/order.ts';
import type { PaymentActivities } from '../../activities/payment.ts';
import type { ShippingActivities } from '../../activities/shipping.ts';
import { type LaneMemo, ORDER_TASK_QUEUE, type OrderInput } from '../messages.ts';
import { troubleOf } from './trouble.ts';
import type { Asked, Counted, ExpressActivities, InOneGo } from '../order/steps.ts';
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

// A step takes 5 to 50 ms at its service's door. While local activities run their workflow hears nobody, not even who
// calls the order off: a step that hangs keeps that person waiting for two seconds, and all steps together for 8 s at
// most, when the worker reports what it has and listens.
const quickly: LocalActivityOptions = {
  startToCloseTimeout: '2s',
  retry: { maximumAttempts: 1 },
  cancellationType: 'TRY_CANCEL',
};

// All steps in one go, which keeps that person waiting just as long.
const wholly: LocalActivityOptions = { ...quickly, startToCloseTimeout: '3s' };

/**
 * How this execution carries its order: its memo says so from the start, which costs no event, is the same at every
 * replay whatever the setting has become, and is absent from executions older than the lanes.
 */
export const lane = (): Lane => (workflowInfo().memo as Partial<LaneMemo> | undefined)?.lane ?? 'durable';

/** What whoever takes a step decides, and wants to know, of the way in which it is asked. */
export interface Taking {
  /** Whether it must be durable whatever the lane. */
  durable: boolean;
  /** Called when it is going to be waited for; `tries` of it have failed at once before. */
  waits(tries: number): void;
}
export const taking = new AsyncLocalStorage<Taking>();

/** Forward steps, each in the order's lane. */
export const services: Asked = {
  cart: inItsLane<CartActivities>('cart'),
  inventory: inItsLane<InventoryActivities>('inventory'),
  payment: inItsLane<PaymentActivities>('payment'),
  shipping: inItsLane<ShippingActivities>('shipping'),
};

/** Undos, and everything after the goods have left. */
export const settled: Asked = {
  cart: durable<CartActivities>('cart', untilAnswered),
  inventory: durable<InventoryActivities>('inventory', untilAnswered),
  payment: durable<PaymentActivities>('payment', untilAnswered),
  shipping: durable<ShippingActivities>('shipping', untilAnswered),
};

/**
 * The order service's own bookkeeping: a local activity, since its worker is the one that runs this workflow. Where
 * its database does not answer at once it becomes a durable one, which waits without filling the history.
 */
export const books = bookkeeping();

type Ask = {
  (request: unknown): Promise<unknown>;
  executeWithOptions(options: object, args: [unknown]): Promise<unknown>;
};

function bookkeeping(): OrderActivities {
  const quick = proxyLocalActivities(atOnce) as unknown as Record<string, Ask>;
  const lasting = proxyActivities({ ...untilAnswered, taskQueue: ORDER_TASK_QUEUE }) as unknown as Record<string, Ask>;
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

/** Placed to confirmed in one go; undefined in the other lanes, and where it is not known what came of it. */
export async function inOneGo(input: OrderInput): Promise<InOneGo | undefined> {
  if (lane() !== 'express') return undefined;
  const { placeInOneGo } = proxyLocalActivities<ExpressActivities>(wholly);
  try {
    const { workflowId } = workflowInfo();
    const options = { summary: summaryOf('placeInOneGo', input) };
    return await placeInOneGo.executeWithOptions(options, [{ workflowId, input }]);
  } catch (error) {
    troubleOf(error);
    return undefined;
  }
}

/**
 * In the lane `local-first` a step is tried once at the service's door by the worker that runs this
 * workflow, and only where that does not succeed becomes durable. Both ask the same function under the same key, so
 * trying twice is asking twice, and a refusal is a refusal on either.
 */
function inItsLane<Face extends object>(taskQueue: string): Counted<Face> {
  const quick = proxyLocalActivities(quickly) as unknown as Record<string, Ask>;
  const lasting = durable<Face>(taskQueue, patience) as Record<string, (request: unknown) => Promise<unknown>>;
  return new Proxy({} as Counted<Face>, {
    get: (_target, name: string) => async (request: unknown) => {
      if (lane() !== 'local-first' || taking.getStore()?.durable) return lasting[name]!(request);
      try {
        const options = { summary: summaryOf(name, request) };
        return { attempt: 1, answer: await quick[name]!.executeWithOptions(options, [request]) };
      } catch (error) {
        if (troubleOf(error).refusal || isCancellation(error)) throw error;
        return afterAQuickTry(() => lasting[name]!(request));
      }
    },
  });
}

function afterAQuickTry<Answer>(ask: () => Answer): Answer {
  const taker = taking.getStore();
  return taker ? taking.run({ ...taker, waits: (tries) => taker.waits(tries + 1) }, ask) : ask();
}

/** Every activity shows in the Temporal Web UI with a sentence on what was asked. */
function durable<Face extends object>(taskQueue: string, options: ActivityOptions): Counted<Face> {
  const activities = proxyActivities({ ...options, taskQueue }) as unknown as Record<string, Ask>;
  return new Proxy({} as Counted<Face>, {
    get: (_target, name: string) => (request: unknown) => {
      taking.getStore()?.waits(0);
      return activities[name]!.executeWithOptions({ summary: summaryOf(name, request) }, [request]);
    },
  });
}
