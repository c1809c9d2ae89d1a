import { inventoryActivities } from '../../../activities/inventory.ts';
import { paymentActivities } from '../../../activities/payment.ts';
import { shippingActivities } from '../../../activities/shipping.ts';
import { httpUrl, readConfig, secret } from '../../../platform/config.ts';
import { createClient } from '../../../platform/http/client.ts';
import type { OrderSteps } from './order.ts';
import type { Steps } from './saga.ts';
import { functionsOf, openSteps } from './steps.ts';

/** The steps for a process that owns the orders: its own on its database, the others through their service APIs. */
export function stepsOverHttp(environment: NodeJS.ProcessEnv): Steps {
  const config = readConfig(
    { SERVICE_TOKEN: secret, INVENTORY_URL: httpUrl, PAYMENT_URL: httpUrl, SHIPPING_URL: httpUrl },
    environment,
  );
  const at = (service: string, url: string) => ({ service, urls: [url], token: config.SERVICE_TOKEN });
  return {
    order: functionsOf(openSteps('order', environment)) as unknown as OrderSteps,
    inventory: createClient(at('inventory', config.INVENTORY_URL), 'activities', inventoryActivities),
    payment: createClient(at('payment', config.PAYMENT_URL), 'activities', paymentActivities),
    shipping: createClient(at('shipping', config.SHIPPING_URL), 'activities', shippingActivities),
  };
}
