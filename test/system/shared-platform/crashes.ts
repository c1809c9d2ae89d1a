import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Flood, expectEachEndedOnce, startFlood, untilUnderWay } from '../flood.ts';
import { advance, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { untilGone } from '../../stage/processes.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import { type Person, admin, newCustomer, wish } from '../../stage/shop-people.ts';

const SERVICES = { name: 'services', command: 'services/main.ts' };
const TEMPORAL = { name: 'Temporal', command: 'server start-dev' };
const POSTGRESQL = { name: 'PostgreSQL', command: '/bin/postgres -D' };

describe('kill -9 in the middle of placing orders', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  /** By what was killed. What a dead process was asked is asked again 10 s later: all of them wait for that together. */
  const floods = new Map<string, Flood>();
  let ada: Person;
  let keeper: Person;

  before(async () => {
    [ada, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
  });

  for (const part of [SERVICES, TEMPORAL]) {
    it(`of ${part.name}: it runs again, and whoever was placing an order can`, async () => {
      const flood = await startFlood(platform, keeper);
      floods.set(part.name, flood);
      await untilUnderWay(flood);
      await platform.killPart(part);
      await flood.placed;
    });
  }

  // A request that the gateway or its database dies under keeps its Idempotency-Key to itself for a minute, which is
  // longer than a test may take: from here on all orders are acknowledged before, and the slow ones half carried out.
  async function startAcknowledgedFlood(killed: string): Promise<void> {
    const flood = await startFlood(platform, keeper);
    floods.set(killed, flood);
    await flood.placed;
    await untilUnderWay(flood);
  }

  it('of PostgreSQL: it runs again', async () => {
    await startAcknowledgedFlood('PostgreSQL');
    await platform.killPart(POSTGRESQL);
  });

  it('of everything: a new start on the same data knows what was answered and what was on its way', async () => {
    const repeated = { key: randomUUID(), wait: 30 };
    const [dispatched, first] = await Promise.all([ada.placed({}), ada.place(wish(), repeated)]);
    await startAcknowledgedFlood('everything');
    // The news of it may be anywhere between the carrier and the workflow.
    await advance(platform, dispatched);
    await platform.killOutright();
    await platform.start();

    const again = await ada.place(wish(), repeated);
    assert.deepEqual([again.status, again.body], [first.status, first.body]);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    await ada.orderOnce(dispatched.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    await advance(platform, dispatched);
    await ada.orderOnce(dispatched.id, { fulfillmentStatus: 'delivered' });
    assert.deepEqual(await parcel(platform, dispatched.id), ['booking', 'dispatch', 'delivery']);
    assert.deepEqual(await moneyInWords(platform, dispatched.id), ['authorization 1250', 'capture 1250']);
  });

  it('of the supervisor alone: what it leaves ends or is ended, and there is a new start', async () => {
    await startAcknowledgedFlood('the supervisor');
    const left = platform.processes();
    await platform.killSupervisor();
    await platform.start();
    await untilGone(left, 0);
  });

  for (const killed of [SERVICES.name, TEMPORAL.name, POSTGRESQL.name, 'everything', 'the supervisor']) {
    it(`lets every order that was acknowledged around the death of ${killed} end as it would have, once`, async () => {
      await expectEachEndedOnce(platform, floods.get(killed)!);
    });
  }

  it('leaves every ledger in agreement, by npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
