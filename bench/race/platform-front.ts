import { Registry } from 'prom-client';
import { orderRequests } from '../../activities/order.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { createPlacing } from '../../gateway/orders/placing.ts';
import { createWorkflows } from '../../gateway/upstream/workflow-client.ts';
import { httpUrl, readConfig, secret } from '../../platform/config.ts';
import { createClient } from '../../platform/http/client.ts';
import { createTemporalClient, temporalSettings } from '../../platform/temporal/client.ts';
import { GOODS } from './orders.ts';
import { serveOrders } from './peers/front.ts';

// As long as a question to the order service may wait.
const PATIENCE_MS = 30_000;

const catalogue = new Map(GOODS.map((goods) => [goods.sku, goods]));
const now = new Date().toISOString();

/** The order comes with its prices: they are looked up where they were taken from. */
const asPriced = {
  getProducts: async ({ skus }: { skus: string[] }) => ({
    items: skus.map((sku) => {
      const { name, unitPrice } = catalogue.get(sku)!;
      return { sku, name, description: '', price: unitPrice, version: 1, createdAt: now, updatedAt: now };
    }),
  }),
} as ProductRequests;

/**
 * The gateway's own way of placing an order, without what the other systems' fronts do not do either: signing in,
 * pricing, keeping answers for repeated requests, and turning orders away.
 */
await serveOrders(async () => {
  const {
    SERVICE_TOKEN: token,
    ORDER_URL,
    ...temporal
  } = readConfig({
    SERVICE_TOKEN: secret,
    ORDER_URL: httpUrl,
    ...temporalSettings,
  });
  const { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace } = temporal;
  const place = createPlacing({
    orders: createClient({ service: 'order', urls: [ORDER_URL], token }, 'requests', orderRequests),
    products: asPriced,
    // Every order of the race says its lines.
    carts: { getCart: async () => ({ lines: [], version: 0 }) },
    workflows: createWorkflows(createTemporalClient({ address, namespace })),
    admission: { admit: (work) => work() },
    registry: new Registry(),
  });
  return ({ lines, total: _priced, ...order }) =>
    place({ ...order, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), retried: false }, PATIENCE_MS);
});
