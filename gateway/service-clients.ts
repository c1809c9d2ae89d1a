import { type CartRequests, cartRequests } from '../activities/cart.ts';
import { type InventoryRequests, inventoryRequests } from '../activities/inventory.ts';
import { type DeadLetterRequests, deadLetterRequests } from '../platform/contract/event.ts';
import { type NotificationRequests, notificationRequests } from '../activities/notification.ts';
import { type OrderRequests, orderRequests } from '../activities/order.ts';
import { type ProductRequests, productRequests } from '../activities/product.ts';
import { type RecommendationRequests, recommendationRequests } from '../activities/recommendation.ts';
import { type ShippingRequests, shippingRequests } from '../activities/shipping.ts';
import { type UserRequests, userRequests } from '../activities/user.ts';
import { type WebhookRequests, webhookRequests } from '../activities/webhook.ts';
import { createClient } from '../platform/http/client.ts';
import { Connection } from '../platform/http/connection.ts';
import { REGISTRY, type ServiceName } from '../services/registry.ts';
import { batchOrderReads, batchStockReads } from './batch-reads.ts';

/** What the gateway asks of one service at a time. Payment is asked by workflows only. */
export interface Services {
  users: UserRequests;
  products: ProductRequests;
  inventory: InventoryRequests;
  orders: OrderRequests;
  shipping: ShippingRequests;
  carts: CartRequests;
  notifications: NotificationRequests;
  webhooks: WebhookRequests;
  recommendations: RecommendationRequests;
}

/** Where each service's doors are. */
export type ServiceUrls = Readonly<Record<keyof Services, readonly string[]>>;

/** This gateway's connections, one a service. */
export type Connections = Readonly<Record<keyof Services, Connection>>;

export function connectServices(urls: ServiceUrls, token: string): Connections {
  const to = (service: ServiceName, addresses: readonly string[]) =>
    new Connection({ service, urls: addresses, token });
  return {
    users: to('user', urls.users),
    products: to('product', urls.products),
    inventory: to('inventory', urls.inventory),
    orders: to('order', urls.orders),
    shipping: to('shipping', urls.shipping),
    carts: to('cart', urls.carts),
    notifications: to('notification', urls.notifications),
    webhooks: to('webhook', urls.webhooks),
    recommendations: to('recommendation', urls.recommendations),
  };
}

/** Typed clients of the services. */
export const createServices = (to: Connections): Services => ({
  users: createClient(to.users, 'requests', userRequests),
  products: createClient(to.products, 'requests', productRequests),
  inventory: batchStockReads(createClient(to.inventory, 'requests', inventoryRequests)),
  orders: batchOrderReads(createClient(to.orders, 'requests', orderRequests)),
  shipping: createClient(to.shipping, 'requests', shippingRequests),
  carts: createClient(to.carts, 'requests', cartRequests),
  notifications: createClient(to.notifications, 'requests', notificationRequests),
  webhooks: createClient(to.webhooks, 'requests', webhookRequests),
  recommendations: createClient(to.recommendations, 'requests', recommendationRequests),
});

/** Services that subscribe to events, by their names: what of their dead letters they can be asked. */
export type Subscribers = Readonly<Record<string, DeadLetterRequests>>;

export const createSubscribers = (to: Connections): Subscribers =>
  Object.fromEntries(
    Object.values(to)
      .filter(({ service }) => REGISTRY[service as ServiceName].subscribesTo.length > 0)
      .map((connection) => [connection.service, createClient(connection, 'events', deadLetterRequests)]),
  );
