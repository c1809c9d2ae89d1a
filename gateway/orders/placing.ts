import { isDeepStrictEqual } from 'node:util';
import { Counter, type Registry } from 'prom-client';
import type { ShippingAddress } from '../../activities/address.ts';
import type { CartRequests } from '../../activities/cart.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { Lane } from '../../activities/lane.ts';
import type { Order, OrderRequests } from '../../activities/order.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { Problem } from '../../platform/http/problem.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Admission } from './admission.ts';
import { type PricedLines, priceLines, sumLines } from './lines.ts';
import { withFallback } from '../with-fallback.ts';
import type { Workflows } from '../workflow-client.ts';

export interface OrderWish {
  orderId: string;
  customerId: string;
  /** Absent: what is in the customer's cart. */
  lines: StockLine[] | undefined;
  shippingAddress: ShippingAddress;
  paymentMethod: string;
  /** An earlier try under the same key, with the same words, may have placed it already. */
  retried: boolean;
}

export interface PlacingDependencies {
  carts: Pick<CartRequests, 'getCart'>;
  orders: OrderRequests;
  products: ProductRequests;
  workflows: Workflows;
  admission: Pick<Admission, 'admit'>;
  registry: Registry;
}

// What an answer takes beyond the time that was asked for.
const LATENESS_MS = 2_000;

/**
 * Places an order: keeps it as a draft, then starts the workflow that carries it on. Either half may have been done
 * by an earlier try under the same order id; what is there is then left as it is.
 */
export function createPlacing(dependencies: PlacingDependencies) {
  const { orders, workflows, admission, registry } = dependencies;
  const ordersCreated = new Counter({
    name: 'orders_created_total',
    help: 'Orders placed, by their status when the caller was answered',
    labelNames: ['status'] as const,
    registers: [registry],
  });

  return async function place({ retried, lines, ...wish }: OrderWish, patienceMs: number): Promise<Order> {
    const fromCart = lines === undefined;
    const draftOf = (priced: PricedLines) => orders.draftOrder({ ...wish, ...priced });
    const priced = () => (fromCart ? cartOf(dependencies, wish) : priceLines(dependencies.products, lines));
    const kept = retried ? await keptOrder(orders, wish.orderId) : undefined;
    const {
      order: draft,
      recorded,
      lane,
    } = kept ? await draftOf(pricedAsKept(kept, lines)) : await admission.admit(async () => draftOf(await priced()));
    const first = !recorded && (await start(workflows, draft, { lane, paymentMethod: wish.paymentMethod, fromCart }));
    const order = patienceMs > 0 ? await decidedOrder(orders, draft, patienceMs) : draft;
    if (first) ordersCreated.inc({ status: order.status });
    return order;
  };
}

/**
 * What is in the customer's cart, or was at the first asking: an order that is kept has its lines, whatever the cart
 * holds by now.
 */
async function cartOf(
  { carts, orders, products }: PlacingDependencies,
  { orderId, customerId }: Pick<OrderWish, 'orderId' | 'customerId'>,
): Promise<PricedLines> {
  const kept = await keptOrder(orders, orderId);
  if (kept) return pricedAsKept(kept, undefined);
  const { lines } = await carts.getCart({ customerId });
  if (lines.length === 0) throw new Problem(409, 'CartEmpty', 'there is nothing in the cart to order');
  return priceLines(products, lines).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    // Not the request is wrong but the cart, which no pointer into the request can show.
    const what = error.errors?.map(({ pointer, detail }) => `${nameIn(lines, pointer)} ${detail}`).join('; ');
    throw new Problem(409, 'CartNotOrderable', what ?? error.message, { cause: error });
  });
}

/** `/lines/3/sku` is the SKU of the fourth line. */
const nameIn = (lines: readonly StockLine[], pointer: string): string =>
  lines[Number(pointer.split('/')[2])]?.sku ?? 'the cart';

/** What an earlier try kept stands as it is, also where the catalogue would no longer allow it. */
const keptOrder = (orders: OrderRequests, orderId: string): Promise<Order | undefined> =>
  orders.getOrder({ orderId }).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'OrderNotFound') return undefined;
    throw error;
  });

/**
 * The lines asked for, absent those of the cart, at the prices of the first asking. A key older than the gateway's
 * record of it may come back with another wish; the order service compares what is not lines.
 */
function pricedAsKept({ lines, total }: Order, asked: readonly StockLine[] | undefined): PricedLines {
  const wanted = asked && sumLines(asked);
  if (wanted && !isDeepStrictEqual(wanted, lines.map(pieces))) {
    throw new Refusal('OrderDiffers', 'an order of other lines was placed under this key');
  }
  return { lines, total };
}

const pieces = ({ sku, quantity }: StockLine): StockLine => ({ sku, quantity });

async function start(
  workflows: Workflows,
  order: Order,
  { lane, paymentMethod, fromCart }: { lane: Lane; paymentMethod: string; fromCart: boolean },
): Promise<boolean> {
  const { id: orderId, customerId, total, shippingAddress } = order;
  const lines = order.lines.map(pieces);
  return workflows.startOrder(
    { orderId, customerId, lines, total, paymentMethod, shippingAddress, ...(fromCart && { fromCart }) },
    {
      lane,
      summary: `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}, ${inWords(total)}, customer ${customerId}`,
    },
  );
}

/** In the currency's main unit, which has two decimals or, as the yen, none. */
function inWords({ amountMinor, currency }: Order['total']): string {
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return `${(amountMinor / 10 ** maximumFractionDigits).toFixed(maximumFractionDigits)} ${currency}`;
}

/** The order once it is decided, or the draft: the order is placed, and not being able to watch it undoes nothing. */
const decidedOrder = (orders: OrderRequests, draft: Order, patienceMs: number): Promise<Order> =>
  withFallback(orders.awaitOrder({ orderId: draft.id, patienceMs }), {
    instead: draft,
    patienceMs: patienceMs + LATENESS_MS,
  });
