import { type InventoryRequests, inventoryRequests } from '../activities/inventory.ts';
import { type OrderRequests, orderRequests } from '../activities/order.ts';
import { type ProductRequests, productRequests } from '../activities/product.ts';
import { type ShippingRequests, shippingRequests } from '../activities/shipping.ts';
import { type UserRequests, userRequests } from '../activities/user.ts';
import { createClient } from '../platform/http/client.ts';

/** What the gateway asks of one service at a time. Payment is asked by workflows only. */
export interface Services {
  users: UserRequests;
  products: ProductRequests;
  inventory: InventoryRequests;
  orders: OrderRequests;
  shipping: ShippingRequests;
}

/** Where each service's doors are. */
export type ServiceUrls = Readonly<Record<keyof Services, readonly string[]>>;

/** Typed clients of the services, each with the service token. */
export function createServices(urls: ServiceUrls, token: string): Services {
  const at = (service: string, addresses: readonly string[]) => ({ service, urls: addresses, token });
  return {
    users: createClient<UserRequests>(at('user', urls.users), 'requests', userRequests),
    products: createClient<ProductRequests>(at('product', urls.products), 'requests', productRequests),
    inventory: createClient<InventoryRequests>(at('inventory', urls.inventory), 'requests', inventoryRequests),
    orders: createClient<OrderRequests>(at('order', urls.orders), 'requests', orderRequests),
    shipping: createClient<ShippingRequests>(at('shipping', urls.shipping), 'requests', shippingRequests),
  };
}
