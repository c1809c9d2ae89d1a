import { isDeepStrictEqual } from 'node:util';
import { Counter, type Registry } from 'prom-client';
import type { ShippingAddress } from '../../activities/address.ts';
import type { CartRequests } from '../../activities/cart.ts';
import type { StockLine } from '../../activities/identity.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { Money } from '../../activities/money.ts';
import type { Order, OrderRequests } from '../../activities/order.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { Problem } from '../../platform/http/problem.ts';
import { withFallback } from '../upstream/with-fallback.ts';
import type { Workflows } from '../upstream/workflow-client.ts';
import type { Admission } from './admission.ts';
import { type PricedLines, priceLines, sumLines } from './lines.ts';

export interface NewOrder {
  orderId: string;
  customerId: string;
  /** Undefined: the lines of the customer's cart. */
  lines: StockLine[] | undefined;
  shippingAddress: ShippingAddress;
  paymentMethod: string;
  savePaymentMethod?: boolean | undefined;
  /** The total that the customer has seen; absent: the order may have any. */
  expectedTotal?: Money | undefined;
  /** An earlier attempt with the same key and body may have placed the order already. */
  retried: boolean;
  /** Called before the order is stored; may refuse it. */
  noteContact?: (() => Promise<void>) | undefined;
}

export interface PlacingDependencies {
  carts: Pick<CartRequests, 'getCart'>;
  orders: OrderRequests;
  products: ProductRequests;
  workflows: Workflows;
  admission: Pick<Admission, 'admit'>;
  registry: Registry;
}

// The time that a response takes beyond the requested wait.
const GRACE_MS = 2_000;

/**
 * Places an order: has the order service store it, and starts its workflow unless the order service does. An earlier
 * attempt under the same order id may have done either; existing results stay unchanged.
 */
export function createPlacing(dependencies: PlacingDependencies) {
  const { orders, workflows, admission, registry } = dependencies;
  const ordersCreated = new Counter({
    name: 'orders_created_total',
    help: 'Orders placed, by their status at the time of the response',
    labelNames: ['status'] as const,
    registers: [registry],
  });

  return async function place(newOrder: NewOrder, waitMs: number): Promise<Order> {
    const { retried, lines, expectedTotal, noteContact, ...request } = newOrder;
    const deadline = Date.now() + waitMs;
    const fromCart = lines === undefined;
    const placeWith = async (priced: PricedLines) => {
      await noteContact?.();
      return orders.placeOrder({ ...request, ...priced, ...(fromCart && { fromCart }) });
    };
    const requested = { lines, expectedTotal };
    const stored = retried ? await storedOrder(orders, request.orderId) : undefined;
    const {
      order: placed,
      created,
      start,
    } = stored
      ? await placeWith(pricedAsStored(stored, requested))
      : await admission.admit(async () => placeWith(await priced(dependencies, { ...request, ...requested })));
    const first = start ? await workflows.startOrder(start) : created;
    const isDecided = placed.status !== 'pending';
    const leftMs = Math.max(0, deadline - Date.now());
    const order = leftMs > 0 && !isDecided ? await decidedOrder(orders, placed, leftMs) : placed;
    if (first) ordersCreated.inc({ status: order.status });
    return order;
  };
}

type Requested = Pick<NewOrder, 'lines' | 'expectedTotal'>;

/**
 * The prices that the order freezes: current ones, or those of the order that is already stored. Current prices with
 * another total than the customer has seen are refused, also with a lower one.
 */
async function priced(
  dependencies: PlacingDependencies,
  request: Requested & Pick<NewOrder, 'orderId' | 'customerId'>,
): Promise<PricedLines> {
  const { lines, expectedTotal, orderId, customerId } = request;
  const placed = async () => {
    const stored = await storedOrder(dependencies.orders, orderId);
    return stored && pricedAsStored(stored, request);
  };
  // An order from the cart has emptied it.
  const before = lines === undefined ? await placed() : undefined;
  if (before) return before;
  try {
    const prices = await (lines ? priceLines(dependencies.products, lines) : cartOf(dependencies, customerId));
    if (expectedTotal && !isDeepStrictEqual(prices.total, expectedTotal)) refusePrices(prices, expectedTotal);
    return prices;
  } catch (error) {
    // An order that is already stored keeps its lines and prices, whatever can be ordered now.
    const stored = error instanceof Problem ? await placed() : undefined;
    if (!stored) throw error;
    return stored;
  }
}

function refusePrices({ total }: PricedLines, expectedTotal: Money): never {
  const detail = `the order now costs ${moneyInWords(total)}, not ${moneyInWords(expectedTotal)}`;
  throw new Problem(409, 'PriceChanged', detail, { members: { expectedTotal, total } });
}

/** The priced lines of the customer's cart. */
async function cartOf({ carts, products }: PlacingDependencies, customerId: string): Promise<PricedLines> {
  const { lines } = await carts.getCart({ customerId });
  if (lines.length === 0) throw new Problem(409, 'CartEmpty', 'the cart is empty');
  return priceLines(products, lines).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    // The fault is in the cart, and a JSON pointer into the request cannot show it.
    const detail = error.errors?.map((one) => `${skuAt(lines, one.pointer)}: ${one.detail}`).join('; ');
    throw new Problem(409, 'CartNotOrderable', detail ?? error.message, { cause: error });
  });
}

/** `/lines/3/sku` is the SKU of the fourth line. */
const skuAt = (lines: readonly StockLine[], pointer: string): string =>
  lines[Number(pointer.split('/')[2])]?.sku ?? 'the cart';

/** The order that an earlier attempt stored. It stays valid even if the catalogue would no longer allow it. */
const storedOrder = (orders: OrderRequests, orderId: string): Promise<Order | undefined> =>
  orders.getOrder({ orderId }).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'OrderNotFound') return undefined;
    throw error;
  });

/**
 * The stored lines at their stored prices, whatever the cart has now. A client may reuse a key after the gateway's record
 * of it has expired, so what was requested must match; the order service compares the other fields.
 */
function pricedAsStored({ lines, total }: Order, requested: Requested): PricedLines {
  if (requested.lines && !isDeepStrictEqual(sumLines(requested.lines), lines.map(toStockLine))) {
    throw new Refusal('OrderDiffers', 'an order with other lines was placed with this Idempotency-Key');
  }
  if (requested.expectedTotal && !isDeepStrictEqual(requested.expectedTotal, total)) {
    throw new Refusal('OrderDiffers', 'an order with another total was placed with this Idempotency-Key');
  }
  return { lines, total };
}

const toStockLine = ({ sku, quantity }: StockLine): StockLine => ({ sku, quantity });

/** Waits until the order is decided. Falls back to the draft: the order is placed even if waiting for it fails. */
const decidedOrder = (orders: OrderRequests, draft: Order, waitMs: number): Promise<Order> =>
  withFallback(orders.awaitOrder({ orderId: draft.id, patienceMs: waitMs }), {
    fallback: draft,
    timeoutMs: waitMs + GRACE_MS,
  });
