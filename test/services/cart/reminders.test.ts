import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { type CartRequests, cartRequests } from '../../../activities/cart.ts';
import { createClient } from '../../../platform/http/client.ts';
import type { Running } from '../../../platform/process.ts';
import { freePorts } from '../../stage/free-ports.ts';
import type { TemporalPlace } from '../../../platform/temporal/place.ts';
import { createCartActivities } from '../../../services/cart/activities.ts';
import type { CartDatabase } from '../../../services/cart/database.ts';
import { cart } from '../../../services/cart/service.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';

const TOKEN = 'a service token of more than thirty-two characters';

describe('the cart service’s reminders', function () {
  this.timeout(180_000);
  let database: FreshDatabase<CartDatabase>;
  let temporal: TemporalPlace;
  let ports: { cart: number; unused: number };
  let carts: CartRequests;
  let running: Running | undefined;

  before(async () => {
    temporal = await freshNamespace();
    database = await freshDatabase<CartDatabase>('cart');
    ports = await freePorts('cart', 'unused');
    const urls = [`http://127.0.0.1:${ports.cart}`];
    carts = createClient({ service: 'cart', urls, token: TOKEN }, 'requests', cartRequests);
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
  });
  after(() => database.drop());

  const start = async (address: string, hours: string) => {
    running = await cart.start({
      CART_DATABASE_URL: database.url,
      CART_PORT: String(ports.cart),
      CART_URL: `http://127.0.0.1:${ports.cart}`,
      SERVICE_TOKEN: TOKEN,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: temporal.namespace,
      CART_REMINDER_HOURS: hours,
      CACHE_DIR: path.join(import.meta.dirname, '../../../.cache'),
      LOG_LEVEL: 'error',
    });
  };
  const abandoned = async (customerId: string) => {
    const rows = await database.db
      .selectFrom('outbox')
      .select('data')
      .where('type', '=', 'cart.abandoned')
      .where('subject', '=', customerId)
      .execute();
    return rows.map(({ data }) => data);
  };

  it('are not lost when the cart changes while Temporal is unavailable, and are sent once', async () => {
    const customerId = randomUUID();
    await start(`127.0.0.1:${ports.unused}`, '0.0001');
    for (const quantity of [1, 2, 3]) await carts.setLine({ customerId, sku: 'tea', quantity });
    await running!.close();

    await start(temporal.address, '0.0001');
    const expected = [{ customerId, lines: [{ sku: 'tea', quantity: 3 }] }];
    await eventually(async () => assert.deepEqual(await abandoned(customerId), expected));
    // A cart that is abandoned again causes another event.
    await carts.setLine({ customerId, sku: 'tea', quantity: 4 });
    await eventually(async () => assert.equal((await abandoned(customerId)).length, 2));
  });

  it('are sent once per version, and not if the cart has changed, is empty or was checked out', async () => {
    const customerId = randomUUID();
    const activities = createCartActivities(database.db);
    await start(`127.0.0.1:${ports.unused}`, '0');
    const { version } = await carts.setLine({ customerId, sku: 'tea', quantity: 1 });
    await activities.remindOfCart({ customerId, version: version - 1 });
    assert.deepEqual(await abandoned(customerId), []);
    await Promise.all([1, 2, 3].map(() => activities.remindOfCart({ customerId, version })));
    assert.equal((await abandoned(customerId)).length, 1);
    await activities.takeLines({ orderId: randomUUID(), customerId, lines: [{ sku: 'tea', quantity: 1 }] });
    for (const later of [version, version + 1]) await activities.remindOfCart({ customerId, version: later });
    assert.equal((await abandoned(customerId)).length, 1);
  });
});
