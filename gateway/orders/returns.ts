import { isDeepStrictEqual } from 'node:util';
import type { OrderRequests } from '../../activities/order.ts';
import type { ReceivedLine, Return } from '../../activities/return.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Workflows } from '../workflow-client.ts';

/** Starts the workflow that waits for the goods; again, does nothing. */
export async function startReturn(workflows: Workflows, { id, orderId, customerId, lines }: Return): Promise<void> {
  const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  await workflows.startReturn({ returnId: id, orderId, customerId, lines }, `${pieces} pieces of order ${orderId}`);
}

/**
 * Where pieces are spoken for by a return whose workflow could not be started then, it is started now: it can be
 * received, and gives its pieces up in time. Throws `error` on, whatever it is.
 */
export async function carryOnOthers(
  error: unknown,
  { orders, workflows, orderId }: { orders: OrderRequests; workflows: Workflows; orderId: string },
): Promise<never> {
  if (error instanceof Refusal && error.code === 'TooMany') {
    const { items } = await orders.listReturns({ orderId });
    for (const other of items) if (other.status === 'requested') await startReturn(workflows, other);
  }
  throw error;
}

export interface Goods {
  returnId: string;
  lines: ReceivedLine[];
  updateId: string;
  /** Whether this was asked before, and may have been done. */
  retried: boolean;
}

/** Tells a return's workflow what came back, and answers the return as it then stands. */
export async function receiveGoods(
  { orders, workflows }: { orders: OrderRequests; workflows: Workflows },
  { returnId, lines, updateId, retried }: Goods,
): Promise<Return> {
  const before = await orders.getReturn({ returnId });
  // Whoever asked for it may have met a Temporal that was down, and never come again; the goods have.
  if (before.status === 'requested') await startReturn(workflows, before);
  try {
    await workflows.receiveReturn({ returnId, lines, updateId });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
    const { status, received } = await orders.getReturn({ returnId });
    // What this very request did before its answer was lost is no reason to refuse it now.
    if (!retried || !isDeepStrictEqual(inOrder(received), inOrder(lines))) {
      throw new Refusal('AlreadyReceived', `this return is ${status}: nothing more can be received for it`, {
        cause: error,
      });
    }
  }
  return orders.getReturn({ returnId });
}

const inOrder = (lines: readonly ReceivedLine[]) =>
  lines.map(({ sku, quantity, condition }) => `${sku} ${condition} ${quantity}`).toSorted();
