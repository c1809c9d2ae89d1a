import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Flood, expectEachEndedOnce, startFlood, untilUnderWay } from './flood.ts';
import { advance, moneyInWords, parcel } from './outside.ts';
import { sharedPlatform } from './platform.ts';
import { untilGone } from './processes.ts';
import { reconcile } from './reconciling.ts';
import { type Person, admin, newCustomer, wish } from './shop.ts';

describe('kill -9 in the middle of placing orders', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  let ada: Person;
  let keeper: Person;

  before(async () => {
    [ada, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
  });

  const SERVICES = { name: 'services', command: 'services/main.ts' };
  const TEMPORAL = { name: 'Temporal', command: 'server start-dev' };
  for (const part of [SERVICES, TEMPORAL]) {
    it(`of ${part.name}: every acknowledged order ends as it would have, none of them twice`, async () => {
      const flood = await startFlood(platform, keeper);
      await untilUnderWay(flood);
      await platform.killPart(part);
      await expectEachEndedOnce(platform, flood);
    });
  }

  // A request that the gateway or its database dies under keeps its Idempotency-Key to itself for a minute, which is
  // longer than a test may take: from here on all orders are acknowledged before, and many of them half carried out.
  async function startAcknowledgedFlood(): Promise<Flood> {
    const flood = await startFlood(platform, keeper);
    await flood.placed;
    await untilUnderWay(flood);
    return flood;
  }

  it('of PostgreSQL: the same', async () => {
    const flood = await startAcknowledgedFlood();
    await platform.killPart({ name: 'PostgreSQL', command: '/bin/postgres -D' });
    await expectEachEndedOnce(platform, flood);
  });

  it('of everything: a new start on the same data carries every order on', async () => {
    const repeated = { key: randomUUID(), wait: 30 };
    const [dispatched, first] = await Promise.all([ada.placed({}), ada.place(wish(), repeated)]);
    const flood = await startAcknowledgedFlood();
    // The news of it may be anywhere between the carrier and the workflow.
    await advance(platform, dispatched);
    await platform.killOutright();
    await platform.start();

    await expectEachEndedOnce(platform, flood);
    const again = await ada.place(wish(), repeated);
    assert.deepEqual([again.status, again.body], [first.status, first.body]);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    await ada.orderOnce(dispatched.id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    await advance(platform, dispatched);
    await ada.orderOnce(dispatched.id, { fulfillmentStatus: 'delivered' });
    assert.deepEqual(await parcel(platform, dispatched.id), ['booking', 'dispatch', 'delivery']);
    assert.deepEqual(await moneyInWords(platform, dispatched.id), ['authorization 1250', 'capture 1250']);
  });

  it('of the supervisor alone: what it leaves ends or is ended, and a new start carries every order on', async () => {
    const flood = await startAcknowledgedFlood();
    const left = platform.processes();
    await platform.killSupervisor();
    await platform.start();
    await untilGone(left, 0);
    await expectEachEndedOnce(platform, flood);
  });

  it('leaves every ledger in agreement, by npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});
