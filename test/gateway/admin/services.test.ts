import assert from 'node:assert/strict';
import winston from 'winston';
import { type ProductRequests, productRequests } from '../../../activities/product.ts';
import { createClient } from '../../../platform/http/client.ts';
import { Connection } from '../../../platform/http/connection.ts';
import { createServiceApi } from '../../../platform/http/service-api.ts';
import { type Listening, listen } from '../../../platform/http/server.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { createTemporalClient } from '../../../platform/temporal/client.ts';
import type { TemporalPlace } from '../../../platform/temporal/place.ts';
import { installTemporalRuntime, keepWorking } from '../../../platform/temporal/worker.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

interface Poller {
  identity: string;
  lastSeenAt: string;
  build: string;
}
interface Service {
  service: string;
  connection: { doors: unknown[]; bulkheads: unknown; retries: number; faults: number } | null;
  taskQueues: { kind: string; polled: boolean; backlog: number; backlogSeconds: number; pollers: Poller[] }[];
}

const silent = winston.createLogger({ silent: true });
const TOKEN = 'the service token of this test';

describe('services at the gateway', function () {
  this.timeout(90_000);
  let place: TemporalPlace;
  let dead: number;
  let server: Listening;
  let connection: Connection;
  let isReady = true;

  before(async () => {
    place = await freshNamespace();
    dead = (await freePorts('dead')).dead;
    const app = createServiceApi({
      requests: {
        operations: productRequests,
        implementation: { getProducts: async () => ({ items: [] }) } satisfies Partial<ProductRequests>,
      },
      ready: async () => assert.ok(isReady),
      token: TOKEN,
      logger: silent,
      metrics: createMetrics('product'),
    });
    server = await listen(app, { port: 0, setting: 'PRODUCT_PORT' });
    const urls = [server.url, `http://127.0.0.1:${dead}`];
    connection = new Connection({ service: 'product', urls, token: TOKEN });
  });
  after(() => server.close());

  async function withGateway(temporal: TemporalPlace, work: (gateway: Harness) => Promise<void>): Promise<void> {
    const client = createTemporalClient(temporal);
    const gateway = await startHarness({ connections: [connection], temporalClient: client });
    try {
      await work(gateway);
    } finally {
      await gateway.close();
      await client.connection.close();
    }
  }
  async function servicesOf(gateway: Harness): Promise<Map<string, Service>> {
    const { status, body } = await gateway.call('GET /v1/admin/services', { as: gateway.admin });
    assert.equal(status, 200);
    return new Map((body.items as unknown as Service[]).map((item) => [item.service, item]));
  }

  it('are listed with their addresses as this gateway sees them, also in its metrics', async () => {
    await withGateway(place, async (gateway) => {
      const products = createClient(connection, 'requests', productRequests);
      for (let turn = 0; turn < 12; turn += 1) await products.getProducts({ skus: [] });
      const services = await servicesOf(gateway);
      assert.deepEqual(services.get('product')!.connection, {
        doors: [
          { address: new URL(server.url).host, breaker: 'closed', ready: true },
          { address: `127.0.0.1:${dead}`, breaker: 'open', ready: false },
        ],
        bulkheads: { prompt: { inUse: 0, limit: 500 }, patient: { inUse: 0, limit: 500 } },
        retries: 0,
        faults: 0,
      });
      assert.deepEqual(services.get('product')!.taskQueues, []);
      assert.equal(services.get('payment')!.connection, null);
      isReady = false;
      const [first] = (await servicesOf(gateway)).get('product')!.connection!.doors as { ready: boolean }[];
      assert.equal(first!.ready, false);
      const metrics = await gateway.metrics.registry.metrics();
      const state = (address: string) => new RegExp(`service_client_breaker_state\\{.*address="${address}".*\\} (\\d)`);
      assert.equal(state(`127.0.0.1:${dead}`).exec(metrics)![1], '2');
      assert.equal(state(new URL(server.url).host).exec(metrics)![1], '0');
      assert.match(metrics, /service_client_bulkhead_in_use\{.*lane="patient".*\} 0/);
      assert.match(metrics, /service_client_retries_total\{.*\} 0/);
      assert.match(metrics, /service_client_faults_total\{.*\} 0/);
    });
  });

  it('are listed with their task queues, including queues without a worker', async () => {
    await installTemporalRuntime(silent);
    const activities = { authorizePayment: async () => undefined };
    const worker = keepWorking(place, { taskQueue: 'payment', identity: 'the payment worker', activities }, silent);
    const looked = withGateway(place, async (gateway) => {
      // The server learns about a new namespace's queues with a delay.
      await eventually(async () => {
        const services = await servicesOf(gateway);
        const [payment] = services.get('payment')!.taskQueues;
        assert.deepEqual([payment!.kind, payment!.polled, payment!.backlog], ['activity', true, 0]);
        const [poller] = payment!.pollers;
        assert.equal(poller!.identity, 'the payment worker');
        assert.match(poller!.build, /@temporalio\/worker@/);
        assert.ok(Date.now() - Date.parse(poller!.lastSeenAt) < 120_000);
        const idle = { polled: false, backlog: 0, backlogSeconds: 0, pollers: [] };
        assert.deepEqual(services.get('shipping')!.taskQueues, [{ kind: 'activity', ...idle }]);
        assert.deepEqual(services.get('order')!.taskQueues, [
          { kind: 'workflow', ...idle },
          { kind: 'activity', ...idle },
        ]);
      }, 30_000);
    });
    await looked.finally(() => worker.close());
  });

  it('are listed without their task queues while Temporal does not respond', async () => {
    await withGateway({ ...place, address: `127.0.0.1:${dead}` }, async (gateway) => {
      const services = await servicesOf(gateway);
      assert.deepEqual(services.get('payment')!.taskQueues, { unavailable: true });
      assert.equal(services.get('product')!.connection!.doors.length, 2);
    });
  });

  it('are for admins', async () => {
    await withGateway(place, async (gateway) => {
      assert.equal((await gateway.call('GET /v1/admin/services', { as: gateway.customer })).status, 403);
    });
  });
});
