import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Cart, CartActivities, CartRequests } from '../../../activities/cart.ts';
import { createCartActivities } from '../../../services/cart/activities.ts';
import type { CartDatabase } from '../../../services/cart/database.ts';
import { createCartRequests } from '../../../services/cart/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('cart service', () => {
  let database: FreshDatabase<CartDatabase>;
  let carts: CartRequests & CartActivities;
  let customerId: string;
  before(async () => {
    database = await freshDatabase<CartDatabase>('cart');
    carts = { ...createCartRequests(database.db), ...createCartActivities(database.db) };
  });
  after(() => database.drop());
  beforeEach(() => {
    customerId = randomUUID();
  });

  const put = (sku: string, quantity: number, expectedVersion?: number) =>
    carts.setLine({ customerId, sku, quantity, expectedVersion });
  const contents = async (of = customerId) => describeLines(await carts.getCart({ customerId: of }));
  const describeLines = ({ lines }: Cart) => lines.map(({ sku, quantity }) => `${quantity} ${sku}`).join(', ');
  const take = (orderId: string, lines: Record<string, number>) =>
    carts.takeLines({
      orderId,
      customerId,
      lines: Object.entries(lines).map(([sku, quantity]) => ({ sku, quantity })),
    });
  const eventsOf = () =>
    database.db.selectFrom('outbox').select(['type', 'data']).where('subject', '=', customerId).orderBy('sequence');
  /** Fills the cart with more lines than a test can add one by one. */
  const fill = async (lines: number) => {
    await put('first', 1);
    await database.db
      .insertInto('cart_lines')
      .values(
        Array.from({ length: lines - 1 }, (_, index) => ({ customer_id: customerId, sku: `n${index}`, quantity: 1 })),
      )
      .execute();
    await put('first', 2);
  };

  describe('a cart', () => {
    it('is empty, at version 0, before the first change', async () => {
      assert.deepEqual(await carts.getCart({ customerId }), { lines: [], version: 0 });
    });

    it('keeps lines in the order in which they were added, and counts and publishes each change', async () => {
      await put('tea', 2);
      await put('mug', 1);
      const after = await put('tea', 5);
      assert.deepEqual(after, {
        lines: [
          { sku: 'tea', quantity: 5 },
          { sku: 'mug', quantity: 1 },
        ],
        version: 3,
      });
      assert.deepEqual(await carts.getCart({ customerId }), after);
      assert.deepEqual(
        await eventsOf().execute(),
        [1, 2, 2].map((lineCount, index) => ({
          type: 'cart.changed',
          data: { customerId, version: index + 1, lineCount },
        })),
      );
    });

    it('is unchanged by a request without effect: no new version, no event, no conflict', async () => {
      await put('tea', 2);
      assert.equal((await put('tea', 2, 99)).version, 1);
      assert.equal((await carts.removeLine({ customerId, sku: 'mug', expectedVersion: 99 })).version, 1);
      assert.equal((await eventsOf().execute()).length, 1);
    });

    it('lets one line or all lines be removed', async () => {
      for (const sku of ['tea', 'mug', 'pot']) await put(sku, 1);
      assert.equal(describeLines(await carts.removeLine({ customerId, sku: 'mug' })), '1 tea, 1 pot');
      assert.deepEqual(await carts.clearCart({ customerId }), { lines: [], version: 5 });
    });

    it('belongs to one customer only', async () => {
      await put('tea', 2);
      const other = randomUUID();
      await carts.clearCart({ customerId: other });
      await carts.setLine({ customerId: other, sku: 'mug', quantity: 1 });
      assert.deepEqual([await contents(), await contents(other)], ['2 tea', '1 mug']);
    });

    it('lets one of two writers with the same version win', async () => {
      await put('tea', 1);
      const outcomes = await Promise.allSettled([
        put('tea', 2, 1),
        put('tea', 3, 1),
        carts.clearCart({ customerId, expectedVersion: 1 }),
      ]);
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.deepEqual(
        refused.map(({ reason }) => (reason as { code: string }).code),
        ['VersionConflict', 'VersionConflict'],
      );
      assert.equal((await carts.getCart({ customerId })).version, 2);
    });

    it('accepts concurrent additions from twenty devices, even to a new cart', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, index) => put(`s${index % 10}`, 1 + index)));
      const cart = await carts.getCart({ customerId });
      assert.equal(cart.lines.length, 10);
      assert.equal((await eventsOf().execute()).length, cart.version);
    });

    it('holds at most 2,000 lines', async () => {
      await fill(1_999);
      await put('last', 1);
      await assert.rejects(put('beyond', 1), { code: 'CartFull' });
      await put('last', 2);
      assert.equal((await carts.getCart({ customerId })).lines.length, 2_000);
    });
  });

  describe('takeLines', () => {
    it('takes exactly what was ordered and leaves the rest', async () => {
      await put('tea', 5);
      await put('mug', 1);
      await put('pot', 1);
      await take(randomUUID(), { tea: 2, mug: 1 });
      assert.equal(await contents(), '3 tea, 1 pot');
      assert.equal((await eventsOf().execute()).length, 4);
    });

    it('takes effect once, however often it is requested, even concurrently', async () => {
      await put('tea', 5);
      const orderId = randomUUID();
      await Promise.all(Array.from({ length: 5 }, () => take(orderId, { tea: 2 })));
      assert.equal(await contents(), '3 tea');
    });

    it('is refused entirely if the cart no longer holds enough, and stays refused', async () => {
      await put('tea', 2);
      await put('mug', 1);
      const orderId = randomUUID();
      const refused = { code: 'CartChanged', message: 'the cart no longer contains the ordered items: mug, pot' };
      await assert.rejects(take(orderId, { tea: 2, mug: 2, pot: 1 }), refused);
      await put('mug', 2);
      await put('pot', 1);
      await assert.rejects(take(orderId, { tea: 2, mug: 2, pot: 1 }), refused);
      assert.equal(await contents(), '2 tea, 2 mug, 1 pot');
    });

    it('lets one of ten concurrent checkouts of a cart succeed', async () => {
      await put('tea', 2);
      await put('mug', 1);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 10 }, () => take(randomUUID(), { tea: 2, mug: 1 })),
      );
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.deepEqual(
        refused.map(({ reason }) => (reason as { code: string }).code),
        Array.from({ length: 9 }, () => 'CartChanged'),
      );
      assert.equal(await contents(), '');
    });

    it('is refused for a customer who never had a cart', async () => {
      await assert.rejects(take(randomUUID(), { tea: 1 }), { code: 'CartChanged' });
    });

    it('names the first ten missing SKUs', async () => {
      const lines = Object.fromEntries(
        Array.from({ length: 12 }, (_, index) => [`s${String(index).padStart(2, '0')}`, 1]),
      );
      await assert.rejects(take(randomUUID(), lines), { message: /: s00, .*, s09 and 2 more$/ });
    });

    it('sums two lines of one SKU', async () => {
      await put('tea', 3);
      const twice = [
        { sku: 'tea', quantity: 2 },
        { sku: 'tea', quantity: 2 },
      ];
      await assert.rejects(carts.takeLines({ orderId: randomUUID(), customerId, lines: twice }), {
        code: 'CartChanged',
      });
    });
  });

  describe('putLinesBack', () => {
    it('puts back the taken lines once, in addition to the current contents', async () => {
      await put('tea', 5);
      await put('mug', 1);
      const orderId = randomUUID();
      await take(orderId, { tea: 5, mug: 1 });
      await put('tea', 1);
      await put('pot', 1);
      await Promise.all([carts.putLinesBack({ orderId }), carts.putLinesBack({ orderId })]);
      assert.equal(await contents(), '6 tea, 1 pot, 1 mug');
    });

    it('prevents a late takeLines when it comes first', async () => {
      await put('tea', 5);
      const orderId = randomUUID();
      await carts.putLinesBack({ orderId });
      await assert.rejects(take(orderId, { tea: 5 }), { code: 'Undone' });
      assert.equal(await contents(), '5 tea');
    });

    it('puts nothing back after a refused takeLines', async () => {
      const orderId = randomUUID();
      await assert.rejects(take(orderId, { tea: 5 }), { code: 'CartChanged' });
      await carts.putLinesBack({ orderId });
      assert.equal(await contents(), '');
    });

    it('never exceeds the limits of a line or a cart', async () => {
      await put('tea', 60_000);
      await put('mug', 1);
      await put('pot', 1);
      const orderId = randomUUID();
      await take(orderId, { tea: 60_000, mug: 1, pot: 1 });
      await put('tea', 60_000);
      await fill(1_998);
      await carts.putLinesBack({ orderId });
      const { lines } = await carts.getCart({ customerId });
      assert.equal(lines.length, 2_000);
      assert.equal(lines.find(({ sku }) => sku === 'tea')!.quantity, 100_000);
      assert.equal(lines.at(-1)!.sku, 'mug');
    });
  });

  it('cannot delete what an order took', async () => {
    await assert.rejects(database.db.deleteFrom('checkouts').execute(), /permission denied/);
  });
});
