import type { Order, OrderRequests } from '../../activities/order.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { RouteRequest } from '../../platform/http/route.ts';
import { canonicalJson } from '../idempotency/canonical-json.ts';
import { effectId } from '../idempotency/effect-id.ts';
import type { ChangeRefusal, WorkflowRefusal } from '../upstream/temporal-errors.ts';
import type { OrderChange, Workflows } from '../upstream/workflow-client.ts';

export interface ChangeDependencies {
  orders: Pick<OrderRequests, 'getOrder' | 'getOrderStart'>;
  workflows: Pick<Workflows, 'changeOrder' | 'outcomeOfChange'>;
}

export interface AskedChange<Request> {
  orderId: string;
  change: OrderChange<Request>;
  request: Pick<RouteRequest, 'caller' | 'idempotencyKey' | 'retried'>;
  /** What this route calls it if the order has ended, or all that the change is about has left. */
  tooLate?: WorkflowRefusal;
}

// A customer who repeats a request for minutes and is refused each time.
const MOST_ATTEMPTS = 30;

/**
 * Has an order's workflow change the confirmed order, and returns the changed order. Refuses why it was not changed. The same
 * request gets the outcome that it had first, also after its workflow has ended; only a change that was given up because a
 * service did not answer is attempted again, by a request that is a retry.
 */
export async function changeOrder<Request>(
  dependencies: ChangeDependencies,
  { tooLate = 'TooLateToChange', ...asked }: AskedChange<Request>,
): Promise<Order> {
  try {
    await attempt(dependencies, asked, 1);
  } catch (error) {
    throw asTold(error, tooLate);
  }
  return dependencies.orders.getOrder({ orderId: asked.orderId });
}

async function attempt<Request>(
  dependencies: ChangeDependencies,
  asked: Omit<AskedChange<Request>, 'tooLate'>,
  number: number,
): Promise<void> {
  const { change, request } = asked;
  // The content is part of it: a request that was refused may be corrected under the same key.
  const content = canonicalJson([change.request, number]);
  const updateId = effectId(`${change.update.name} ${content}`, request);
  try {
    await carryOut(dependencies, asked, updateId);
  } catch (error) {
    const again = request.retried && isRefusal(error, 'ServiceUnavailable') && number < MOST_ATTEMPTS;
    if (!again) throw error;
    // Nothing has changed. The same update would have the same outcome for ever.
    await attempt(dependencies, asked, number + 1);
  }
}

async function carryOut<Request>(
  { orders, workflows }: ChangeDependencies,
  { orderId, change }: Pick<AskedChange<Request>, 'orderId' | 'change'>,
  updateId: string,
): Promise<void> {
  const { start } = await orders.getOrderStart({ orderId });
  try {
    if (!start) throw new Refusal<WorkflowRefusal>('WorkflowEnded', 'the order has ended');
    await workflows.changeOrder(start, change, updateId);
  } catch (error) {
    if (!isRefusal(error, 'WorkflowEnded')) throw error;
    // The change itself may have ended the order, and its response was lost.
    await workflows.outcomeOfChange(orderId, updateId);
  }
}

const isRefusal = (error: unknown, code: WorkflowRefusal): error is Refusal =>
  error instanceof Refusal && error.code === code;

/** Refusals of services that say: not as the order is now. */
const NOT_NOW: readonly string[] = ['CarrierContradicts', 'Undone'];

function asTold(error: unknown, tooLate: WorkflowRefusal): unknown {
  if (!(error instanceof Refusal)) return error;
  if (error.code === 'WorkflowEnded') return new Refusal(tooLate, 'the order has ended', { cause: error });
  if (error.code === 'TooLateToChange') return new Refusal(tooLate, error.message, { cause: error });
  if (!NOT_NOW.includes(error.code)) return error;
  return new Refusal<ChangeRefusal>('NotChangeableNow', error.message, { cause: error });
}
