import { isDeepStrictEqual } from 'node:util';
import type { OrderRequests } from '../../activities/order.ts';
import type { ReceivedLine, Return } from '../../activities/return.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Workflows } from '../upstream/workflow-client.ts';

/** Starts the workflow that waits for the goods. A repeat does nothing. */
export async function startReturn(workflows: Workflows, { id, orderId, customerId, lines }: Return): Promise<void> {
  const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  await workflows.startReturn({ returnId: id, orderId, customerId, lines }, `${pieces} pieces of order ${orderId}`);
}

/**
 * If earlier returns hold the pieces, starts those of their workflows that could not be started before, so that they
 * can be received or expire. Always rethrows `error`.
 */
export async function startWaitingReturns(
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
  /** An earlier attempt of this request may have taken effect. */
  retried: boolean;
}

/** Sends the received goods to the return's workflow, and returns the updated return. */
export async function receiveGoods(
  { orders, workflows }: { orders: OrderRequests; workflows: Workflows },
  { returnId, lines, updateId, retried }: Goods,
): Promise<Return> {
  const before = await orders.getReturn({ returnId });
  // Temporal may have been down when the return was requested; the goods have arrived all the same.
  if (before.status === 'requested') await startReturn(workflows, before);
  try {
    await workflows.receiveReturn({ returnId, lines, updateId });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
    const { status, received } = await orders.getReturn({ returnId });
    // A retry succeeds if this same request took effect before and its response was lost.
    if (!retried || !isDeepStrictEqual(sorted(received), sorted(lines))) {
      throw new Refusal('AlreadyReceived', `this return is ${status}: no more goods can be received for it`, {
        cause: error,
      });
    }
  }
  return orders.getReturn({ returnId });
}

const sorted = (lines: readonly ReceivedLine[]) =>
  lines.map(({ sku, quantity, condition }) => `${sku} ${condition} ${quantity}`).toSorted();
