import { Registry } from 'prom-client';
import { orderRequests } from '../../activities/order.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { shippingRequests } from '../../activities/shipping.ts';
import { carrierRoutes } from '../../gateway/carrier/routes.ts';
import { createPlacing } from '../../gateway/orders/placing.ts';
import { createWorkflows } from '../../gateway/upstream/workflow-client.ts';
import { httpUrl, readConfig, secret } from '../../platform/config.ts';
import { createClient } from '../../platform/http/client.ts';
import type { AnyRoute, RouteRequest } from '../../platform/http/route.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { createTemporalClient } from '../../platform/temporal/client.ts';
import { readTemporalPlace } from '../../platform/temporal/place.ts';
import { GOODS, SOLD_OUT } from './orders.ts';
import { serveOrders } from './peers/front.ts';
import type { PlacedOrder } from './peers/order.ts';

// The longest wait that the order service allows.
const WAIT_MS = 30_000;

const catalogue = new Map([...GOODS, SOLD_OUT].map((goods) => [goods.sku, goods]));
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
 * The gateway's own code for placing orders and for the carrier's reports, without what the other systems' fronts do not
 * do either: authentication, pricing, idempotency records, and admission control.
 */
await serveOrders(async () => {
  const config = readConfig({ SERVICE_TOKEN: secret, ORDER_URL: httpUrl, SHIPPING_URL: httpUrl });
  const at = (service: string, url: string) => ({ service, urls: [url], token: config.SERVICE_TOKEN });
  const orders = createClient(at('order', config.ORDER_URL), 'requests', orderRequests);
  const shipping = createClient(at('shipping', config.SHIPPING_URL), 'requests', shippingRequests);
  const workflows = createWorkflows(createTemporalClient(readTemporalPlace(process.env)));
  const registry = new Registry();
  const place = createPlacing({
    orders,
    products,
    // Every order of the race contains its lines, so no cart is read.
    carts: { getCart: async () => ({ lines: [], version: 0 }) },
    workflows,
    admission: { admit: (work) => work() },
    registry,
  });
  const [carrier] = carrierRoutes({ shipping, workflows, orders, logger: createLogger('front'), registry }) as [
    AnyRoute,
  ];
  const placeNow = ({ lines, total: _priced, ...order }: PlacedOrder) =>
    place({ ...order, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), retried: false }, WAIT_MS);
  return {
    place: placeNow,
    placeForLife: placeNow,
    parcelMoved: (report) => carrier.handle({ body: report } as unknown as RouteRequest<never, never, never>),
  };
});
