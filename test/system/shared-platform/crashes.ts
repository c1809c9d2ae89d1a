import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Flood, expectEachEndedOnce, startFlood, untilPending } from '../flood.ts';
import { advance, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { untilGone } from '../../stage/processes.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import { type ShopUser, signInAsAdmin, newCustomer, orderRequest } from '../../stage/shop-users.ts';

const SERVICES = { name: 'services', command: 'services/main.ts' };
const GATEWAY = { name: 'gateway', command: 'gateway/main.ts' };
const TEMPORAL = { name: 'Temporal', command: 'server start-dev' };
const POSTGRESQL = { name: 'PostgreSQL', command: '/bin/postgres -D' };

const OTHERS = ['everything', 'the supervisor'];

describe('kill -9 in the middle of placing orders', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  /** By the name of what was killed. Temporal retries after 10 s; all floods wait for that at the same time. */
  const floods = new Map<string, Flood>();
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  /** Starts a flood, of which some requests are under way and some orders pending when this resolves. */
  async function flooded(killed: string): Promise<Flood> {
    const flood = await startFlood(platform, admin);
    floods.set(killed, flood);
    await untilPending(flood);
    return flood;
  }

  for (const part of [SERVICES, TEMPORAL, GATEWAY, POSTGRESQL]) {
    it(`of ${part.name}: it is restarted, and clients can place their orders`, async () => {
      const flood = await flooded(part.name);
      await platform.killProcess(part);
      await flood.placed;
    });
  }

  it('of everything: a new start on the same data repeats the responses and continues the orders', async () => {
    const repeated = { key: randomUUID(), wait: 30 };
    const [dispatched, first] = await Promise.all([ada.placeAndWait({}), ada.place(orderRequest(), repeated)]);
    await flooded('everything');
    // The update may be anywhere between the carrier and the workflow.
    await advance(platform, dispatched);
    await platform.killAll();
    await platform.start();

    const again = await ada.place(orderRequest(), repeated);
    assert.deepEqual([again.status, again.body], [first.status, first.body]);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    await ada.waitForOrder(dispatched.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    await advance(platform, dispatched);
    await ada.waitForOrder(dispatched.id, { fulfillmentStatus: 'delivered' });
    assert.deepEqual(await parcel(platform, dispatched.id), ['booking', 'dispatch', 'delivery']);
    assert.deepEqual(await moneyInWords(platform, dispatched.id), ['authorization 1250', 'capture 1250']);
  });

  it('of the supervisor alone: its processes end, and a new start works', async () => {
    await flooded('the supervisor');
    const left = platform.processes();
    await platform.killSupervisor();
    await platform.start();
    await untilGone(left, 0);
  });

  for (const killed of [SERVICES, TEMPORAL, GATEWAY, POSTGRESQL].map(({ name }) => name).concat(OTHERS)) {
    it(`does not change how an order ends that was placed when ${killed} was killed`, async () => {
      await expectEachEndedOnce(platform, floods.get(killed)!);
    });
  }

  it('leaves every ledger in agreement, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
