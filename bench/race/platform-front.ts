import { Registry } from 'prom-client';
import { orderRequests } from '../../activities/order.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { createPlacing } from '../../gateway/orders/placing.ts';
import { createWorkflows } from '../../gateway/upstream/workflow-client.ts';
import { httpUrl, readConfig, secret } from '../../platform/config.ts';
import { createClient } from '../../platform/http/client.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { readTemporalPlace } from '../../platform/temporal/place.ts';
import { GOODS } from './orders.ts';
import { serveOrders } from './peers/front.ts';

// The longest wait that the order service allows.
const WAIT_MS = 30_000;

const catalogue = new Map(GOODS.map((goods) => [goods.sku, goods]));
const now = new Date().toISOString();

/** A product service that knows the bench's products: pricing is not measured here. */
const products = {
  getProducts: async ({ skus }: { skus: string[] }) => ({
    items: skus.map((sku) => {
      const { name, unitPrice } = catalogue.get(sku)!;
      return { sku, name, description: '', price: unitPrice, sold: true, version: 1, createdAt: now, updatedAt: now };
    }),
  }),
} as ProductRequests;

/**
 * The gateway's own code for placing orders, without what the other systems' fronts do not do either: authentication,
 * pricing, idempotency records, and admission control.
 */
await serveOrders(async () => {
  const { SERVICE_TOKEN: token, ORDER_URL } = readConfig({ SERVICE_TOKEN: secret, ORDER_URL: httpUrl });
  const place = createPlacing({
    orders: createClient({ service: 'order', urls: [ORDER_URL], token }, 'requests', orderRequests),
    products,
    // Every order of the race contains its lines, so no cart is read.
    carts: { getCart: async () => ({ lines: [], version: 0 }) },
    workflows: createWorkflows(createTemporalClient(readTemporalPlace(process.env))),
    admission: { admit: (work) => work() },
    registry: new Registry(),
  });
  return ({ lines, total: _priced, ...order }) =>
    place({ ...order, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), retried: false }, WAIT_MS);
});
