import { httpUrl, postgresUrl, readConfig, secret } from '../../../../platform/config.ts';
import { connect } from '../../../../platform/database/connection.ts';
import { createClient } from '../../../../platform/http/client.ts';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { serveOrders } from '../front.ts';
import { PlacedOrder } from '../order.ts';
import type { Outcome } from '../saga.ts';
import { PARTICIPANTS, type ParticipantName } from './contract.ts';
import { Coordinator } from './coordinator.ts';
import { createLog } from './log.ts';

// The coordinator runs in the process that takes the orders, and its log is in their database.
await serveOrders(async () => {
  const config = readConfig({
    ORDER_DATABASE_URL: postgresUrl,
    SERVICE_TOKEN: secret,
    INVENTORY_URL: httpUrl,
    PAYMENT_URL: httpUrl,
    SHIPPING_URL: httpUrl,
  });
  const client = <Name extends ParticipantName>(service: Name, url: string) =>
    createClient({ service, urls: [url], token: config.SERVICE_TOKEN }, 'requests', PARTICIPANTS[service]);
  const coordinator = new Coordinator({
    log: createLog(connect(config.ORDER_DATABASE_URL)),
    participants: {
      inventory: client('inventory', config.INVENTORY_URL),
      payment: client('payment', config.PAYMENT_URL),
      shipping: client('shipping', config.SHIPPING_URL),
    },
    logger: createLogger('coordinator'),
  });
  void coordinator.keepRecovering();
  return { place: (order) => inTime(coordinator.place(PlacedOrder.parse(order))) };
});

// As long as the platform's gateway lets a customer wait.
const PATIENCE_MS = 30_000;

/** The outcome, or that there is none yet. The order goes on, and the same request again gets its outcome. */
async function inTime(outcome: Promise<Outcome>): Promise<Outcome | { status: 'pending' }> {
  const undecided = Promise.withResolvers<{ status: 'pending' }>();
  const timer = setTimeout(() => undecided.resolve({ status: 'pending' }), PATIENCE_MS);
  return Promise.race([outcome, undecided.promise]).finally(() => clearTimeout(timer));
}
