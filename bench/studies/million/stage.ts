import { type OrderRequests, orderRequests } from '../../../activities/order.ts';
import { type OrderActivities, orderActivities } from '../../../activities/order-bookkeeping.ts';
import { connect } from '../../../platform/database/connection.ts';
import { provision, withDatabase } from '../../../platform/database/provision.ts';
import { createClient } from '../../../platform/http/client.ts';
import { listen } from '../../../platform/http/server.ts';
import { createServiceApi } from '../../../platform/http/service-api.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { createOrderActivities } from '../../../services/order/activities.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { createOrderRequests } from '../../../services/order/requests.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { DATABASES } from '../../../services/registry.ts';
import { print } from '../../../tools/command-line.ts';
import { fillWithOrders } from '../many-orders.ts';

const TOKEN = 'the service token of the bench';

/** The order service's functions: called directly, or over its HTTP API. */
export interface Operations {
  requests: OrderRequests;
  activities: OrderActivities;
}

/** An order service whose database holds `stored` orders. */
export interface Stage {
  stored: number;
  db: ReturnType<typeof connect<OrderDatabase>>;
  direct: Operations;
  http: Operations;
  close(): Promise<void>;
}

export async function startStage(superuserUrl: string, stored: number): Promise<Stage> {
  const db = await filledDatabase(superuserUrl, stored);
  const waiting = new OrderWatcher();
  const requests = createOrderRequests(db, { waiting, lane: 'durable' });
  const activities = createOrderActivities(db, {
    returnWindowDays: 30,
    paymentActionMinutes: 30,
    moved: (orderId) => waiting.moved(orderId),
  });
  const serviceApi = createServiceApi({
    requests: { operations: orderRequests, implementation: requests },
    activities: { operations: orderActivities, implementation: activities },
    ready: async () => {},
    token: TOKEN,
    logger: createLogger('bench', 'error'),
    metrics: createMetrics('bench'),
  });
  const server = await listen(serviceApi, { port: 0, setting: 'PORT' });
  const address = { service: 'order', urls: [server.url], token: TOKEN };
  return {
    stored,
    db,
    direct: { requests, activities },
    http: {
      requests: createClient(address, 'requests', orderRequests),
      activities: createClient(address, 'activities', orderActivities),
    },
    async close() {
      await server.close();
      await db.destroy();
    },
  };
}

async function filledDatabase(superuserUrl: string, stored: number) {
  const name = `bench_${stored}`;
  const url = new URL(withDatabase(superuserUrl, name));
  url.username = url.password = name;
  await provision(DATABASES.order, superuserUrl, url.href);
  const startedAt = Date.now();
  await fillWithOrders(withDatabase(superuserUrl, name), stored);
  print(`${stored} orders inserted in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
  return connect<OrderDatabase>(url.href);
}
