import { inventoryActivities } from '../../../activities/inventory.ts';
import { paymentActivities } from '../../../activities/payment.ts';
import { shippingActivities, shippingRequests } from '../../../activities/shipping.ts';
import { httpUrl, postgresUrl, readConfig } from '../../../platform/config.ts';
import { connect } from '../../../platform/database/connection.ts';
import type { ServedOperations } from '../../../platform/http/service-api.ts';
import { createInventoryActivities } from '../../../services/inventory/activities.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { createShippingActivities } from '../../../services/shipping/activities.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { createShippingRequests } from '../../../services/shipping/requests.ts';
import { createSandboxCarrier } from '../../../services/shipping/sandbox-carrier.ts';
import { orderSteps } from './order.ts';
import { createOrderSteps } from './order-steps.ts';

export const STEP_SERVICES = ['order', 'inventory', 'payment', 'shipping'] as const;
export type StepService = (typeof STEP_SERVICES)[number];

/**
 * Each service's steps: the platform's own functions on a database of their own; only the order steps are the peer's.
 * They read the same settings as the platform's service of that name.
 */
const OPEN: Readonly<Record<StepService, (environment: NodeJS.ProcessEnv) => ServedOperations>> = {
  order: (environment) => ({
    operations: orderSteps,
    implementation: createOrderSteps(database('order', environment)),
  }),
  inventory: (environment) => ({
    operations: inventoryActivities,
    implementation: createInventoryActivities(database('inventory', environment)),
  }),
  payment: (environment) => {
    const { PROCESSOR_URL } = readConfig({ PROCESSOR_URL: httpUrl }, environment);
    const processor = createSandboxProcessor(PROCESSOR_URL);
    return {
      operations: paymentActivities,
      implementation: createPaymentActivities({ db: database('payment', environment), processor }),
    };
  },
  shipping: (environment) => {
    const { CARRIER_URL } = readConfig({ CARRIER_URL: httpUrl }, environment);
    const db = database<ShippingDatabase>('shipping', environment);
    const { recordMovement } = createShippingRequests(db);
    return {
      operations: { ...shippingActivities, recordMovement: shippingRequests.recordMovement },
      implementation: { ...createShippingActivities(db, createSandboxCarrier(CARRIER_URL)), recordMovement },
    };
  },
};

export const openSteps = (service: StepService, environment: NodeJS.ProcessEnv): ServedOperations =>
  OPEN[service](environment);

/** The steps as plain functions that validate their requests as the platform does. */
export function functionsOf({ operations, implementation }: ServedOperations) {
  const functions = implementation as Record<string, (request: unknown) => Promise<unknown>>;
  return Object.fromEntries(
    Object.entries(operations).map(([name, { request }]) => [
      name,
      (input: unknown) => functions[name]!(request.parse(input)),
    ]),
  );
}

/** The service named on the command line of a program. */
export function serviceNamed(name: string | undefined): StepService {
  const service = STEP_SERVICES.find((known) => known === name);
  if (!service) throw new Error(`unknown service ${name ?? '(none)'}; choose from ${STEP_SERVICES.join(', ')}`);
  return service;
}

function database<Database>(service: StepService, environment: NodeJS.ProcessEnv) {
  const setting = `${service.toUpperCase()}_DATABASE_URL`;
  return connect<Database>(readConfig({ [setting]: postgresUrl }, environment)[setting] as string);
}
