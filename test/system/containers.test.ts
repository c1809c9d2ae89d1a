import assert from 'node:assert/strict';
import path from 'node:path';
import { startPostgres } from '../../local/postgres.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { startTemporal } from '../../local/temporal.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { Containers, generatedSettings } from './containers.ts';
import { apiClient, expectStatus } from '../stage/api-client.ts';
import { advance } from '../stage/outside-ledgers.ts';
import { type Platform, root } from '../stage/test-platform.ts';
import { ShopUser, newCustomer, newProduct } from '../stage/shop-users.ts';

describe('docker-compose.yml', function () {
  this.timeout(240_000);
  // Polling an order counts as requests, too.
  const settings: Record<string, string> = { ...generatedSettings(), RATE_LIMIT_PER_MINUTE: '1000000' };
  let containers: Containers;
  const closing: (() => Promise<unknown>)[] = [];
  async function closeLater<Server extends { close(): Promise<unknown> }>(starting: Promise<Server>): Promise<Server> {
    const server = await starting;
    closing.push(() => server.close());
    return server;
  }

  before(async () => {
    const folder = path.join(scratchFolder(), 'containers');
    const password = settings.POSTGRES_PASSWORD!;
    const executable = await findTemporal(path.join(root, '.cache'));
    const [postgres, temporal] = await Promise.all([
      closeLater(startPostgres({ folder: path.join(folder, 'postgres'), port: 0, password })),
      closeLater(
        startTemporal({
          executable,
          folder: path.join(folder, 'temporal'),
          port: 0,
          uiPort: undefined,
          namespace: 'default',
        }),
      ),
    ]);
    containers = await Containers.of({
      settings,
      postgres: new URL(postgres.url).host,
      temporal: temporal.address,
      folder: path.join(folder, 'data'),
    });
    closing.push(() => containers.stop());
    await containers.start();
  });
  after(async () => {
    const outcomes = [];
    for (const close of closing.toReversed()) outcomes.push(...(await Promise.allSettled([close()])));
    assert.deepEqual(
      outcomes.filter(({ status }) => status === 'rejected'),
      [],
    );
  });

  it('starts with the secrets that make-env generates, carries out an order, reconciles it, and stops on SIGTERM', async () => {
    const api = `http://127.0.0.1:${containers.setting('gateway', 'PORT')}`;
    const carrier = `http://127.0.0.1:${containers.setting('sandbox', 'CARRIER_PORT')}`;
    const platform = { api, carrier } as Platform;
    const credentials = { email: settings.ADMIN_EMAIL!, password: settings.ADMIN_PASSWORD! };
    const { accessToken } = await expectStatus(201, apiClient(api).POST('/v1/sessions', { body: credentials }));
    const admin = new ShopUser({ api, token: accessToken, id: '' });
    const ada = await newCustomer(platform);
    const order = await ada.placeAndWait({ sku: await newProduct(admin, 1) });
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    assert.match(await containers.runJob('reconcile'), /^1 orders compared .*: 0 discrepancies$/m);
    const codes = await containers.stop();
    assert.deepEqual(new Set(Object.values(codes)), new Set([0]), JSON.stringify(codes));
  });
});
