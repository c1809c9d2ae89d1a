import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Answer, codeOf } from '../stage/api-client.ts';
import { Platform } from '../stage/test-platform.ts';
import { reconcile } from '../stage/run-reconcile.ts';
import { type Order, type Person, admin, newCustomer, newProduct, wish } from '../stage/shop-people.ts';

describe('more orders than can be carried out', function () {
  this.timeout(300_000);
  // One second's worth may wait, so that also a quick machine cannot take all of a hundred and fifty at once.
  const platform = new Platform({ settings: { ORDER_BACKLOG_SECONDS: '1' } });
  const BURST = 150;
  let ada: Person;
  let stopped = false;

  before(async () => {
    await platform.start();
    ada = await newCustomer(platform);
  });
  after(async () => {
    if (!stopped) await platform.killOutright();
  });

  it('are turned away in part, and every one that is let in is decided once', async () => {
    const sku = await newProduct(await admin(platform), 10_000);
    const keys = Array.from({ length: BURST }, () => randomUUID());
    const answers = await Promise.all(keys.map((key) => ada.place(wish({ sku }), { key })));
    const refused = (answer: Answer<Order>) => answer.status === 503;
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([202, 503]));
    for (const answer of answers.filter(refused)) {
      assert.equal(codeOf(answer), 'Overloaded');
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    }
    const placed = answers.filter((answer) => !refused(answer));
    // A repeat is answered however many wait.
    const first = answers.findIndex((answer) => !refused(answer));
    const repeat = await ada.place(wish({ sku }), { key: keys[first]! });
    assert.deepEqual([repeat.status, repeat.body.id], [202, placed[0]!.body.id]);
    for (const { body } of placed) await ada.orderOnce(body.id, { status: 'confirmed' });
    // Whoever was told to come again is let in under the same key.
    const later = keys[answers.findIndex(refused)]!;
    const { id } = await ada.placeUntilAcknowledged(wish({ sku }), later);
    await ada.orderOnce(id, { status: 'confirmed' });
    const keeper = await admin(platform);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 10_000, reserved: placed.length + 1 });
  });

  it('leave every ledger in agreement', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
    await platform.stop();
    stopped = true;
  });
});
