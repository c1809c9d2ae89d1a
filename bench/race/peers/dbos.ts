import { DBOS } from '@dbos-inc/dbos-sdk';
import { postgresUrl, readConfig } from '../../../platform/config.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { serveOrders } from './front.ts';
import type { PlacedOrder } from './order.ts';
import { type Steps, placeOrder } from './saga.ts';
import { stepsOverHttp } from './services.ts';

// DBOS is a library: the workflow runs in the process that receives the order, and PostgreSQL stores each step's result.
await serveOrders(async () => {
  const { DBOS_SYSTEM_DATABASE_URL } = readConfig({ DBOS_SYSTEM_DATABASE_URL: postgresUrl });
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: DBOS_SYSTEM_DATABASE_URL, logLevel: 'warn' });
  const steps = durable(stepsOverHttp(process.env));
  const orderWorkflow = DBOS.registerWorkflow((order: PlacedOrder) => placeOrder(order, steps), { name: 'order' });
  await DBOS.launch();
  return { place: (order) => DBOS.withNextWorkflowID(order.orderId, () => orderWorkflow(order)) };
});

// Its default of three attempts ends after three seconds, before a service that was killed is back; ten take 50 s.
const RETRIES = {
  retriesAllowed: true,
  maxAttempts: 10,
  intervalSeconds: 0.1,
  // A refusal is final.
  shouldRetry: (error: unknown) => !(error instanceof Refusal),
};

/** Wraps each step as a DBOS step with the same name. */
function durable(steps: Steps): Steps {
  const services = Object.entries(steps as unknown as Record<string, Record<string, Step>>).map(
    ([service, operations]) => [
      service,
      Object.fromEntries(
        Object.entries(operations).map(([name, step]) => [
          name,
          (request: unknown) => DBOS.runStep(() => step(request), { name, ...RETRIES }),
        ]),
      ),
    ],
  );
  return Object.fromEntries(services) as Steps;
}

type Step = (request: unknown) => Promise<unknown>;
