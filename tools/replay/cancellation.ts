import type { Client } from '../../clients/typescript/index.ts';
import type { Match } from '../shop/matching.ts';
import type { Invoice } from '../shop/shop.ts';
import type { PlacedOrder } from './order.ts';
import { Declined, type GoodsBack, cancelOrder, readOrder, returnGoods } from './shop-floor.ts';

/** What became of a cancellation invoice. */
export type Undoing = 'canceled' | 'returned' | { unmatched: string };

export interface Undoer {
  customer: Client;
  admin: () => Promise<Client>;
  /** Moves the order's parcel to its receiver; absent: parcels are left where they are. */
  deliver: ((customer: Client, order: PlacedOrder) => Promise<PlacedOrder>) | undefined;
  /** The matched invoice's order, if it was placed. */
  placed: PlacedOrder | undefined;
}

const DELIVERED = new Set(['delivered', 'partially_returned', 'returned']);

/** Cancels the matched order, or sends back what the cancellation names of it. */
export async function undo(invoice: Invoice, match: Match, undoer: Undoer): Promise<Undoing> {
  if ('reason' in match) return unmatched(match.reason);
  if (!undoer.placed) return unmatched('orderNotPlaced');
  const { customer } = undoer;
  try {
    const order = await readOrder(customer, undoer.placed.id);
    if (order.status === 'rejected') return unmatched('orderRejected');
    if (order.status === 'canceled') return match.whole ? 'canceled' : unmatched('orderCanceled');
    if (match.whole && order.allowedActions.includes('cancel')) {
      const after = await cancelOrder(customer, `cancel-${invoice.number}`, order.id);
      return after.status === 'canceled' ? 'canceled' : unmatched(`order_${after.status}`);
    }
    return await sendBack({ key: `return-${invoice.number}`, orderId: order.id, lines: invoice.lines }, order, undoer);
  } catch (error) {
    if (error instanceof Declined) return unmatched(error.code);
    throw error;
  }
}

async function sendBack(goods: GoodsBack, order: PlacedOrder, { customer, admin, deliver }: Undoer): Promise<Undoing> {
  const arrived = DELIVERED.has(order.fulfillmentStatus) ? order : await deliver?.(customer, order);
  if (!arrived || !DELIVERED.has(arrived.fulfillmentStatus)) return unmatched('notDelivered');
  await returnGoods(customer, await admin(), goods);
  return 'returned';
}

const unmatched = (reason: string): Undoing => ({ unmatched: reason });
