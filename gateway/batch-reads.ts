import type { InventoryRequests, Stock } from '../activities/inventory.ts';
import type { Order, OrderRequests } from '../activities/order.ts';
import { Refusal } from '../platform/contract/refusal.ts';

// A wholesale order is 400 KB: a question for more of them would hold its small ones up.
const MOST_ORDERS = 20;
const MOST_STOCKS = 500;

/** These requests with orders read together. */
export function batchOrderReads(orders: OrderRequests): OrderRequests {
  const read = batchReads<Order>(MOST_ORDERS, async (orderIds) => {
    const { items } = await orders.getOrders({ orderIds });
    return new Map(items.map((order) => [order.id, order]));
  });
  return {
    ...orders,
    async getOrder({ orderId }) {
      const order = await read(orderId);
      if (!order) throw new Refusal('OrderNotFound', `there is no order ${orderId}`);
      return order;
    },
  };
}

/** These requests with stock read together. */
export function batchStockReads(inventory: InventoryRequests): InventoryRequests {
  const read = batchReads<Stock>(MOST_STOCKS, async (skus) => {
    const { items } = await inventory.getStocks({ skus });
    return new Map(items.map((stock) => [stock.sku, stock]));
  });
  const getStock = async (sku: string) => (await read(sku))!;
  return {
    ...inventory,
    getStock: ({ sku }) => getStock(sku),
    getStocks: async ({ skus }) => ({ items: await Promise.all(skus.map(getStock)) }),
  };
}

interface Question<Found> {
  keys: Set<string>;
  answer: Promise<ReadonlyMap<string, Found>>;
}

/**
 * Puts reads of one kind that are wanted in one turn of the event loop into one question: a busy gateway asks a
 * service a few times for many requests, an idle one at once for each. Nothing waits for an answer that is on its way,
 * so what is read is never older than the wish to read it; whoever waits together fails together.
 */
export function batchReads<Found>(
  most: number,
  ask: (keys: string[]) => Promise<ReadonlyMap<string, Found>>,
): (key: string) => Promise<Found | undefined> {
  let open: Question<Found> | undefined;
  const begin = (): Question<Found> => {
    const keys = new Set<string>();
    const turn = new Promise<void>((resolve) => setImmediate(resolve));
    const answer = turn.then(() => {
      if (open?.keys === keys) open = undefined;
      return ask([...keys]);
    });
    return { keys, answer };
  };
  return async (key) => {
    if (!open || (open.keys.size >= most && !open.keys.has(key))) open = begin();
    open.keys.add(key);
    const { answer } = open;
    return (await answer).get(key);
  };
}
