import { type CartActivities, cartActivities } from '../../activities/cart.ts';
import { type InventoryActivities, inventoryActivities } from '../../activities/inventory.ts';
import type { Operation, Operations } from '../../platform/contract/operation.ts';
import { type PaymentActivities, paymentActivities } from '../../activities/payment.ts';
import { type ShippingActivities, shippingActivities } from '../../activities/shipping.ts';
import { createClient } from '../../platform/http/client.ts';

/** What the order service's worker asks of the others at their doors, by the contract that holds for their queues. */
export interface StepServices {
  cart: CartActivities;
  inventory: InventoryActivities;
  payment: PaymentActivities;
  shipping: ShippingActivities;
}

export type StepServiceUrls = Readonly<Record<keyof StepServices, readonly string[]>>;

// As long as a workflow waits for a step's first try.
const PATIENCE_MS = 2_000;

export function createStepServices(urls: StepServiceUrls, token: string): StepServices {
  const door = <Face>(service: keyof StepServices, operations: Operations<Face>) =>
    createClient<Face>({ service, urls: urls[service], token }, 'activities', quick(operations));
  return {
    cart: door<CartActivities>('cart', cartActivities),
    inventory: door<InventoryActivities>('inventory', inventoryActivities),
    payment: door<PaymentActivities>('payment', paymentActivities),
    shipping: door<ShippingActivities>('shipping', shippingActivities),
  };
}

/** One try: what comes after it is for the workflow to say. */
const quick = <Face>(operations: Operations<Face>): Operations<Face> =>
  Object.fromEntries(
    Object.entries<Operation<unknown, unknown>>(operations).map(([name, operation]) => [
      name,
      { ...operation, repeatable: false, timeoutMs: PATIENCE_MS },
    ]),
  ) as Operations<Face>;
