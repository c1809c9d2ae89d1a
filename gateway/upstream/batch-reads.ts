import DataLoader from 'dataloader';
import type { InventoryRequests, Stock } from '../../activities/inventory.ts';
import type { Order, OrderRequests } from '../../activities/order.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

// A wholesale order is 400 KB: a larger batch would delay the small orders in it.
const MAX_ORDERS = 20;
const MAX_STOCKS = 500;

/** Reads single orders in batches. */
export function batchOrderReads(orders: OrderRequests): OrderRequests {
  const read = createBatchReader<Order>(MAX_ORDERS, async (orderIds) => {
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

/** Reads stock in batches. */
export function batchStockReads(inventory: InventoryRequests): InventoryRequests {
  const read = createBatchReader<Stock>(MAX_STOCKS, async (skus) => {
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

/**
 * Combines the reads of one turn of the event loop into one request: a busy gateway sends few requests to a service, an
 * idle one sends each at once. All reads of a batch fail together.
 */
export function createBatchReader<Value>(
  maxBatchSize: number,
  readMany: (keys: string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  const loader: DataLoader<string, Value | undefined> = new DataLoader(
    async (keys) => {
      // Reads share a key only until its batch is sent: a response is never older than the call that gets it.
      loader.clearAll();
      const found = await readMany([...keys]);
      return keys.map((key) => found.get(key));
    },
    { maxBatchSize, batchScheduleFn: (send) => setImmediate(send) },
  );
  return (key) => loader.load(key);
}
