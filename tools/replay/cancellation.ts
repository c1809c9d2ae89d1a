import type { Client } from '../../clients/typescript/index.ts';
import { idempotencyKey } from '../api/idempotency-key.ts';
import { RequestRefused } from '../api/typed-client.ts';
import type { Match } from '../shop/matching.ts';
import type { Invoice } from '../shop/shop.ts';
import type { PlacedOrder } from './order.ts';
import { type ReturnedGoods, cancelOrder, readOrder, returnGoods } from './orders-api.ts';

/** The result of a cancellation invoice. */
export type CancellationOutcome = 'canceled' | 'returned' | { unmatched: string };

export interface CancellationContext {
  customer: Client;
  admin: () => Promise<Client>;
  /** Delivers the order's parcel. Undefined: parcels are not moved. */
  deliver: ((customer: Client, order: PlacedOrder) => Promise<PlacedOrder>) | undefined;
  /** The matched invoice's order, if it was placed. */
  placed: PlacedOrder | undefined;
}

const DELIVERED = new Set(['delivered', 'partially_returned', 'returned']);

/** Cancels the matched order, or returns those of its goods that the invoice lists. */
export async function applyCancellation(
  invoice: Invoice,
  match: Match,
  context: CancellationContext,
): Promise<CancellationOutcome> {
  if ('reason' in match) return unmatched(match.reason);
  if (!context.placed) return unmatched('orderNotPlaced');
  const { customer } = context;
  try {
    const order = await readOrder(customer, context.placed.id);
    if (order.status === 'rejected') return unmatched('orderRejected');
    if (order.status === 'canceled') return match.whole ? 'canceled' : unmatched('orderCanceled');
    if (match.whole && order.allowedActions.includes('cancel')) {
      const after = await cancelOrder(customer, idempotencyKey('cancel', invoice.number), order.id);
      return after.status === 'canceled' ? 'canceled' : unmatched(`order_${after.status}`);
    }
    return await returnLines(
      { key: idempotencyKey('return', invoice.number), orderId: order.id, lines: invoice.lines },
      order,
      context,
    );
  } catch (error) {
    if (error instanceof RequestRefused) return unmatched(error.code);
    throw error;
  }
}

async function returnLines(
  goods: ReturnedGoods,
  order: PlacedOrder,
  { customer, admin, deliver }: CancellationContext,
): Promise<CancellationOutcome> {
  const current = DELIVERED.has(order.fulfillmentStatus) ? order : await deliver?.(customer, order);
  if (!current || !DELIVERED.has(current.fulfillmentStatus)) return unmatched('notDelivered');
  await returnGoods(customer, await admin(), goods);
  return 'returned';
}

const unmatched = (reason: string): CancellationOutcome => ({ unmatched: reason });
