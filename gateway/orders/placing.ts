import { isDeepStrictEqual } from 'node:util';
import { Counter, type Registry } from 'prom-client';
import type { ShippingAddress } from '../../activities/address.ts';
import type { CartRequests } from '../../activities/cart.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { Lane } from '../../activities/lane.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';
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
  /** An earlier attempt with the same key and body may have placed the order already. */
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

// The time that a response takes beyond the requested wait.
const GRACE_MS = 2_000;

/**
 * Places an order: stores a draft, then starts its workflow. An earlier attempt under the same order id may have done
 * either step; existing results stay unchanged.
 */
export function createPlacing(dependencies: PlacingDependencies) {
  const { orders, workflows, admission, registry } = dependencies;
  const ordersCreated = new Counter({
    name: 'orders_created_total',
    help: 'Orders placed, by their status at the time of the response',
    labelNames: ['status'] as const,
    registers: [registry],
  });

  return async function place({ retried, lines, ...request }: NewOrder, waitMs: number): Promise<Order> {
    const fromCart = lines === undefined;
    const draftOf = (priced: PricedLines) => orders.draftOrder({ ...request, ...priced });
    const priced = () => (fromCart ? cartOf(dependencies, request) : priceLines(dependencies.products, lines));
    const stored = retried ? await storedOrder(orders, request.orderId) : undefined;
    const {
      order: draft,
      recorded,
      lane,
    } = stored
      ? await draftOf(pricedAsStored(stored, lines))
      : await admission.admit(async () => draftOf(await priced()));
    const first =
      !recorded && (await start(workflows, draft, { lane, paymentMethod: request.paymentMethod, fromCart }));
    const order = waitMs > 0 ? await decidedOrder(orders, draft, waitMs) : draft;
    if (first) ordersCreated.inc({ status: order.status });
    return order;
  };
}

/** The priced lines of the customer's cart. An order that is already stored keeps its lines, whatever the cart has. */
async function cartOf(
  { carts, orders, products }: PlacingDependencies,
  { orderId, customerId }: Pick<NewOrder, 'orderId' | 'customerId'>,
): Promise<PricedLines> {
  const stored = await storedOrder(orders, orderId);
  if (stored) return pricedAsStored(stored, undefined);
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
 * The stored lines at their stored prices. A client may reuse a key after the gateway's record of it has expired, so
 * the requested lines must match; the order service compares the other fields.
 */
function pricedAsStored({ lines, total }: Order, requested: readonly StockLine[] | undefined): PricedLines {
  if (requested && !isDeepStrictEqual(sumLines(requested), lines.map(toStockLine))) {
    throw new Refusal('OrderDiffers', 'an order with other lines was placed with this Idempotency-Key');
  }
  return { lines, total };
}

const toStockLine = ({ sku, quantity }: StockLine): StockLine => ({ sku, quantity });

async function start(
  workflows: Workflows,
  order: Order,
  { lane, paymentMethod, fromCart }: { lane: Lane; paymentMethod: string; fromCart: boolean },
): Promise<boolean> {
  const { id: orderId, customerId, total, shippingAddress } = order;
  const lines = order.lines.map(toStockLine);
  return workflows.startOrder(
    { orderId, customerId, lines, total, paymentMethod, shippingAddress, ...(fromCart && { fromCart }) },
    {
      lane,
      summary: `${lines.length} ${lines.length === 1 ? 'line' : 'lines'}, ${moneyInWords(total)}, customer ${customerId}`,
    },
  );
}

/** Waits until the order is decided. Falls back to the draft: the order is placed even if waiting for it fails. */
const decidedOrder = (orders: OrderRequests, draft: Order, waitMs: number): Promise<Order> =>
  withFallback(orders.awaitOrder({ orderId: draft.id, patienceMs: waitMs }), {
    fallback: draft,
    timeoutMs: waitMs + GRACE_MS,
  });
