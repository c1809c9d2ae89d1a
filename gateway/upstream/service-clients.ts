import { type CartRequests, cartRequests } from '../../activities/cart.ts';
import { type InventoryRequests, inventoryRequests } from '../../activities/inventory.ts';
import { type NotificationRequests, notificationRequests } from '../../activities/notification.ts';
import { type OrderRequests, orderRequests } from '../../activities/order.ts';
import { type PaymentRequests, paymentRequests } from '../../activities/payment.ts';
import { type ProductRequests, productRequests } from '../../activities/product.ts';
import { type RecommendationRequests, recommendationRequests } from '../../activities/recommendation.ts';
import { type ShippingRequests, shippingRequests } from '../../activities/shipping.ts';
import { type UserRequests, userRequests } from '../../activities/user.ts';
import { type WebhookRequests, webhookRequests } from '../../activities/webhook.ts';
import { type DeadLetterRequests, deadLetterRequests } from '../../platform/contract/event.ts';
import { createClient } from '../../platform/http/client.ts';
import { Connection } from '../../platform/http/connection.ts';
import { REGISTRY, type ServiceName } from '../../services/registry.ts';
import { batchOrderReads, batchStockReads } from './batch-reads.ts';

/** The direct requests to each service. */
export interface ServiceClients {
  users: UserRequests;
  products: ProductRequests;
  inventory: InventoryRequests;
  orders: OrderRequests;
  payments: PaymentRequests;
  shipping: ShippingRequests;
  carts: CartRequests;
  notifications: NotificationRequests;
  webhooks: WebhookRequests;
  recommendations: RecommendationRequests;
}

/** The base URLs of each service. */
export type ServiceUrls = Readonly<Record<keyof ServiceClients, readonly string[]>>;

/** One connection per service. */
export type Connections = Readonly<Record<keyof ServiceClients, Connection>>;

export function connectServices(urls: ServiceUrls, token: string): Connections {
  const to = (service: ServiceName, addresses: readonly string[]) =>
    new Connection({ service, urls: addresses, token });
  return {
    users: to('user', urls.users),
    products: to('product', urls.products),
    inventory: to('inventory', urls.inventory),
    orders: to('order', urls.orders),
    payments: to('payment', urls.payments),
    shipping: to('shipping', urls.shipping),
    carts: to('cart', urls.carts),
    notifications: to('notification', urls.notifications),
    webhooks: to('webhook', urls.webhooks),
    recommendations: to('recommendation', urls.recommendations),
  };
}

/** Creates the typed client of each service. */
export const createServiceClients = (to: Connections): ServiceClients => ({
  users: createClient(to.users, 'requests', userRequests),
  products: createClient(to.products, 'requests', productRequests),
  inventory: batchStockReads(createClient(to.inventory, 'requests', inventoryRequests)),
  orders: batchOrderReads(createClient(to.orders, 'requests', orderRequests)),
  payments: createClient(to.payments, 'requests', paymentRequests),
  shipping: createClient(to.shipping, 'requests', shippingRequests),
  carts: createClient(to.carts, 'requests', cartRequests),
  notifications: createClient(to.notifications, 'requests', notificationRequests),
  webhooks: createClient(to.webhooks, 'requests', webhookRequests),
  recommendations: createClient(to.recommendations, 'requests', recommendationRequests),
});

/** The dead-letter requests of each service that subscribes to events, by service name. */
export type Subscribers = Readonly<Record<string, DeadLetterRequests>>;

export const createSubscribers = (to: Connections): Subscribers =>
  Object.fromEntries(
    Object.values(to)
      .filter(({ service }) => REGISTRY[service as ServiceName].subscribesTo.length > 0)
      .map((connection) => [connection.service, createClient(connection, 'events', deadLetterRequests)]),
  );
