import { Counter, type Registry } from 'prom-client';
import type { ShippingAddress } from '../activities/address.ts';
import type { StockLine } from '../activities/identity.ts';
import type { DraftedOrder, Order, OrderRequests } from '../activities/order.ts';
import type { ProductRequests } from '../activities/product.ts';
import { Refusal } from '../platform/refusal.ts';
import { priceLines } from './order-lines.ts';
import { orElse } from './patience.ts';
import type { Workflows } from './workflows.ts';

export interface OrderWish {
  orderId: string;
  customerId: string;
  lines: StockLine[];
  shippingAddress: ShippingAddress;
  paymentMethod: string;
  /** An earlier try under the same key, with the same words, may have placed it already. */
  retried: boolean;
}

export interface PlacingDependencies {
  orders: OrderRequests;
  products: ProductRequests;
  workflows: Workflows;
  registry: Registry;
}

// What an answer takes beyond the time that was asked for.
const LATENESS_MS = 2_000;

/**
 * Places an order: keeps it as a draft, then starts the workflow that carries it on. Either half may have been done
 * by an earlier try under the same order id; what is there is then left as it is.
 */
export function createPlacing({ orders, products, workflows, registry }: PlacingDependencies) {
  const ordersCreated = new Counter({
    name: 'orders_created_total',
    help: 'Orders placed, by their status when the caller was answered',
    labelNames: ['status'] as const,
    registers: [registry],
  });

  return async function place({ retried, ...wish }: OrderWish, patienceMs: number): Promise<Order> {
    const { order: draft, recorded } =
      (retried && (await keptOrder(orders, wish.orderId))) ||
      (await orders.draftOrder({ ...wish, ...(await priceLines(products, wish.lines)) }));
    const first = !recorded && (await start(workflows, draft, wish.paymentMethod));
    const order = patienceMs > 0 ? await settledOrder(orders, draft, patienceMs) : draft;
    if (first) ordersCreated.inc({ status: order.status });
    return order;
  };
}

/** What an earlier try kept stands as it is, also where the catalogue would no longer allow it. */
async function keptOrder(orders: OrderRequests, orderId: string): Promise<DraftedOrder | undefined> {
  const order = await orders.getOrder({ orderId }).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'OrderNotFound') return undefined;
    throw error;
  });
  return order && { order, recorded: order.status !== 'pending' };
}

async function start(workflows: Workflows, order: Order, paymentMethod: string): Promise<boolean> {
  const { id: orderId, customerId, total, shippingAddress } = order;
  const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
  return workflows.startOrder(
    { orderId, customerId, lines, total, paymentMethod, shippingAddress },
    `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}, ${inWords(total)}, customer ${customerId}`,
  );
}

/** In the currency's main unit, which has two decimals or, as the yen, none. */
function inWords({ amountMinor, currency }: Order['total']): string {
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return `${(amountMinor / 10 ** maximumFractionDigits).toFixed(maximumFractionDigits)} ${currency}`;
}

/** The order once it is decided, or the draft: the order is placed, and not being able to watch it undoes nothing. */
const settledOrder = (orders: OrderRequests, draft: Order, patienceMs: number): Promise<Order> =>
  orElse(orders.awaitOrder({ orderId: draft.id, patienceMs }), {
    instead: draft,
    patienceMs: patienceMs + LATENESS_MS,
  });
