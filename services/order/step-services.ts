import { type CartActivities, cartActivities } from '../../activities/cart.ts';
import { type InventoryActivities, inventoryActivities } from '../../activities/inventory.ts';
import { type PaymentActivities, paymentActivities } from '../../activities/payment.ts';
import { type ShippingActivities, shippingActivities } from '../../activities/shipping.ts';
import type { Attempted, Operations } from '../../platform/contract/operation.ts';
import { createClient } from '../../platform/http/client.ts';
import type { Counted, StepServices as CountedServices } from '../../workflows/saga/step-services.ts';

/** The services that the saga's steps call, over their HTTP APIs. The contracts are those of their task queues. */
export interface StepServices {
  cart: CartActivities;
  inventory: InventoryActivities;
  payment: PaymentActivities;
  shipping: ShippingActivities;
}

export type StepServiceUrls = Readonly<Record<keyof StepServices, readonly string[]>>;

// As long as a workflow waits for the first attempt of a step.
const TIMEOUT_MS = 2_000;

/** Creates clients of the services at these addresses. */
export function createStepServices(urls: StepServiceUrls, token: string): StepServices {
  const client = <Contract extends Operations>(service: keyof StepServices, contract: Contract) =>
    createClient({ service, urls: urls[service], token }, 'activities', triedOnce(contract));
  return {
    cart: client('cart', cartActivities),
    inventory: client('inventory', inventoryActivities),
    payment: client('payment', paymentActivities),
    shipping: client('shipping', shippingActivities),
  };
}

/** Without retries and with a short timeout: the workflow decides what follows a failure. */
const triedOnce = <Contract extends Operations>(contract: Contract): Contract =>
  Object.fromEntries(
    Object.entries(contract).map(([name, operation]) => [
      name,
      { ...operation, repeatable: false, timeoutMs: TIMEOUT_MS },
    ]),
  ) as Contract;

/** The services as the text of the steps calls them: each operation is called once. */
export const countedServices = ({ cart, inventory, payment, shipping }: StepServices): CountedServices => ({
  cart: counted(cart),
  inventory: counted(inventory),
  payment: counted(payment),
  shipping: counted(shipping),
});

type Call = (request: unknown) => Promise<unknown>;

const counted = <Contract extends object>(service: Contract): Counted<Contract> =>
  Object.fromEntries(
    Object.entries(service as Record<string, Call>).map(([name, call]) => [
      name,
      async (request: unknown): Promise<Attempted<unknown>> => ({ attempt: 1, answer: await call(request) }),
    ]),
  ) as Counted<Contract>;
