import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:net';
import path from 'node:path';
import { inventoryRequests } from '../../../activities/inventory.ts';
import { orderRequests } from '../../../activities/order.ts';
import { productRequests } from '../../../activities/product.ts';
import { recommendationRequests } from '../../../activities/recommendation.ts';
import { userRequests } from '../../../activities/user.ts';
import { createClient } from '../../../platform/http/client.ts';
import type { Listening } from '../../../platform/http/server.ts';
import type { Running } from '../../../platform/process.ts';
import type { Service } from '../../../platform/service.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { inventory } from '../../../services/inventory/service.ts';
import { order } from '../../../services/order/service.ts';
import { product } from '../../../services/product/service.ts';
import { recommendation } from '../../../services/recommendation/service.ts';
import { user } from '../../../services/user/service.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { eventually } from '../../stage/eventually.ts';
import { type Harness, call, startHarness } from '../../stage/test-gateway.ts';

const TOKEN = 'a service token of more than thirty-two characters';
const SERVICES = { user, product, inventory, order, recommendation } satisfies Record<string, Service>;
type Name = keyof typeof SERVICES;
const NAMES = Object.keys(SERVICES) as Name[];
const PARTS = { user: 'user', order: 'recentOrders', recommendation: 'recommendations' } as const;
const UNAVAILABLE = { unavailable: true };

describe('GET /v1/dashboard with real services', function () {
  this.timeout(180_000);
  let gateway: Harness;
  let replica: Listening;
  let ports: Record<Name | 'nobody', number>;
  const databases = new Map<Name, FreshDatabase<unknown>>();
  const running = new Map<Name, Running>();

  before(async () => {
    ports = await freePorts('user', 'product', 'inventory', 'order', 'recommendation', 'nobody');
    for (const name of NAMES) databases.set(name, await freshDatabase(name));
    await Promise.all(NAMES.map(start));
    gateway = await startHarness();
    const to = (name: Name) => ({ service: name, urls: [`http://127.0.0.1:${ports[name]}`], token: TOKEN });
    Object.assign(gateway.services, {
      users: createClient(to('user'), 'requests', userRequests),
      products: createClient(to('product'), 'requests', productRequests),
      inventory: createClient(to('inventory'), 'requests', inventoryRequests),
      orders: createClient(to('order'), 'requests', orderRequests),
      recommendations: createClient(to('recommendation'), 'requests', recommendationRequests),
    });
    replica = await gateway.replica();
    const ada = { email: 'ada@example.com', password: 'correct horse', name: 'Ada' };
    gateway.customer = { ...gateway.customer, id: (await gateway.services.users.register(ada)).id };
  });
  after(async () => {
    await replica.close();
    await gateway.close();
    await Promise.all([...running.values()].map((service) => service.close()));
    await Promise.all([...databases.values()].map((database) => database.drop()));
  });

  async function start(name: Name): Promise<void> {
    const urls = NAMES.map((other) => [`${other.toUpperCase()}_URL`, `http://127.0.0.1:${ports[other]}`]);
    const environment = {
      ...Object.fromEntries(urls),
      [`${name.toUpperCase()}_DATABASE_URL`]: databases.get(name)!.url,
      [`${name.toUpperCase()}_PORT`]: String(ports[name]),
      SERVICE_TOKEN: TOKEN,
      // The dashboard needs no workflows.
      TEMPORAL_ADDRESS: `127.0.0.1:${ports.nobody}`,
      CACHE_DIR: path.join(import.meta.dirname, '../../../.cache'),
      LOG_LEVEL: 'error',
    } as NodeJS.ProcessEnv;
    running.set(name, await SERVICES[name].start(environment));
  }
  const stop = async (name: Name) => {
    await running.get(name)!.close();
    running.delete(name);
  };
  const dashboard = async () => {
    const { status, body } = await call(replica.url, gateway.tokens, 'GET /v1/dashboard', { as: gateway.customer });
    assert.equal(status, 200);
    return body as unknown as Record<string, unknown>;
  };
  /** Waits until every part is available: an address that failed is tried again after a moment. */
  const whole = () =>
    eventually(async () => {
      const parts = await dashboard();
      for (const part of Object.values(parts)) assert.notDeepEqual(part, UNAVAILABLE);
      return parts;
    });

  for (const [name, part] of Object.entries(PARTS) as [Name, string][]) {
    it(`marks ${part} while the ${name} service is stopped, and shows it again afterwards`, async () => {
      const before = await whole();
      await stop(name);
      assert.deepEqual(await dashboard(), { ...before, [part]: UNAVAILABLE });
      await start(name);
      assert.deepEqual(await whole(), before);
    });

    it(`marks ${part} while the ${name} service hangs`, async () => {
      const before = await whole();
      await stop(name);
      const hanging = await hangAt(ports[name]);
      assert.deepEqual(await dashboard(), { ...before, [part]: UNAVAILABLE });
      await hanging.close();
      await start(name);
      assert.deepEqual(await whole(), before);
    });
  }
});

/** Accepts every connection and never responds. */
async function hangAt(port: number): Promise<{ close(): Promise<void> }> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
