import assert from 'node:assert/strict';
import path from 'node:path';
import { startPostgres } from '../../local/postgres.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { startTemporal } from '../../local/temporal.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { Containers, settingsMade } from './containers.ts';
import { apiClient, expected } from '../stage/api-client.ts';
import { advance } from '../stage/outside-ledgers.ts';
import { type Platform, root } from '../stage/test-platform.ts';
import { Person, newCustomer, newProduct } from '../stage/shop-people.ts';

describe('what docker-compose.yml runs', function () {
  this.timeout(240_000);
  // Looks are requests as any other.
  const settings: Record<string, string> = { ...settingsMade(), RATE_LIMIT_PER_MINUTE: '1000000' };
  let containers: Containers;
  const closing: (() => Promise<unknown>)[] = [];

  before(async () => {
    const folder = path.join(scratchFolder(), 'containers');
    const password = settings.POSTGRES_PASSWORD!;
    const postgres = await startPostgres({ folder: path.join(folder, 'postgres'), port: 0, password });
    closing.push(() => postgres.close());
    const temporal = await startTemporal({
      executable: await findTemporal(path.join(root, '.cache')),
      folder: path.join(folder, 'temporal'),
      port: 0,
      uiPort: undefined,
      namespace: 'default',
    });
    closing.push(() => temporal.close());
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

  it('comes up with the secrets that make-env makes up, carries an order, and stops when it is told to', async () => {
    const api = `http://127.0.0.1:${containers.setting('gateway', 'PORT')}`;
    const carrier = `http://127.0.0.1:${containers.setting('sandbox', 'CARRIER_PORT')}`;
    const platform = { api, carrier } as Platform;
    const credentials = { email: settings.ADMIN_EMAIL!, password: settings.ADMIN_PASSWORD! };
    const { accessToken } = await expected(201, apiClient(api).POST('/v1/sessions', { body: credentials }));
    const keeper = new Person({ api, token: accessToken, id: '' });
    const ada = await newCustomer(platform);
    const order = await ada.placed({ sku: await newProduct(keeper, 1) });
    await advance(platform, order);
    await ada.orderOnce(order.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    const codes = await containers.stop();
    assert.deepEqual(new Set(Object.values(codes)), new Set([0]), JSON.stringify(codes));
  });
});
