import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { RecommendationRequests } from '../../../activities/recommendation.ts';
import type { RecommendationDatabase } from '../../../services/recommendation/database.ts';
import { MOST_PAIRED, type LearnedOrder, learn, unlearn } from '../../../services/recommendation/learning.ts';
import { createRecommendationRequests } from '../../../services/recommendation/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('the recommendation service', () => {
  let database: FreshDatabase<RecommendationDatabase>;
  let recommendations: RecommendationRequests;
  beforeEach(async () => {
    database = await freshDatabase<RecommendationDatabase>('recommendation');
    recommendations = createRecommendationRequests(database.db);
  });
  afterEach(() => database.drop());

  const orderOf = (skus: string, difference: Partial<LearnedOrder> = {}): LearnedOrder => ({
    orderId: randomUUID(),
    customerId: randomUUID(),
    skus: skus.split(' '),
    confirmedAt: new Date(),
    ...difference,
  });
  const learned = (order: LearnedOrder) =>
    database.db.transaction().execute((transaction) => learn(transaction, order));
  const unlearned = ({ orderId }: LearnedOrder) =>
    database.db.transaction().execute((transaction) => unlearn(transaction, orderId));
  const beside = async (sku: string, limit = 10) =>
    (await recommendations.recommendForProduct({ sku, limit })).skus.join(' ');
  const forCustomer = async (customerId: string) =>
    (await recommendations.recommendForCustomer({ customerId, limit: 10 })).skus.join(' ');
  const counts = async () => ({
    items: await database.db.selectFrom('item_counts').select(['sku', 'orders']).orderBy('sku').execute(),
    pairs: await database.db
      .selectFrom('pair_counts')
      .selectAll()
      .where('orders', '>', 0)
      .orderBy('sku')
      .orderBy('other')
      .execute(),
  });

  it('ranks products by the share of orders with either product that have both', async () => {
    for (const skus of ['tea pot', 'tea pot', 'tea mug', 'bag mug', 'bag mug', 'bag mug']) await learned(orderOf(skus));
    // Of the orders with tea or a pot 2 of 3 have both; of those with tea or a mug 1 of 6.
    assert.equal(await beside('tea'), 'pot mug bag');
    assert.equal(await beside('tea', 1), 'pot');
  });

  it('falls back to best sellers, also for products and customers without orders', async () => {
    for (const skus of ['tea', 'tea', 'tea', 'mug', 'mug', 'pot']) await learned(orderOf(skus));
    assert.equal(await beside('mug'), 'tea pot');
    assert.equal(await beside('unheard-of'), 'tea mug pot');
    assert.equal(await forCustomer(randomUUID()), 'tea mug pot');
  });

  it('recommends nothing before the first order', async () => {
    assert.equal(await beside('tea'), '');
    assert.equal(await forCustomer(randomUUID()), '');
  });

  it('recommends what goes with a customer’s last orders, but nothing that they bought within a month', async () => {
    const customerId = randomUUID();
    for (const skus of ['tea pot', 'tea mug', 'tea mug', 'bag']) await learned(orderOf(skus));
    await learned(orderOf('tea', { customerId }));
    assert.equal(await forCustomer(customerId), 'mug pot bag');
    await learned(orderOf('mug', { customerId, confirmedAt: new Date(Date.now() - 31 * DAY_MS) }));
    assert.match(await forCustomer(customerId), /^pot/);
    const another = randomUUID();
    await learned(orderOf('mug', { customerId: another, confirmedAt: new Date(Date.now() - 31 * DAY_MS) }));
    await learned(orderOf('tea', { customerId: another, confirmedAt: new Date(Date.now() - 40 * DAY_MS) }));
    assert.equal(await forCustomer(another), 'pot bag');
  });

  it('counts an order once, however often its event arrives, and a product once per order', async () => {
    const order = orderOf('tea tea pot');
    await learned(order);
    const once = await counts();
    assert.deepEqual(once.items, [
      { sku: 'pot', orders: 1 },
      { sku: 'tea', orders: 1 },
    ]);
    assert.equal(once.pairs.length, 2);
    await learned(order);
    assert.deepEqual(await counts(), once);
  });

  it('subtracts a canceled order exactly and once, also a large one', async () => {
    await learned(orderOf('s1 s2 s3'));
    const before = await counts();
    const large = orderOf(Array.from({ length: 300 }, (_, index) => `s${index}`).join(' '));
    await learned(large);
    assert.notDeepEqual(await counts(), before);
    await unlearned(large);
    await unlearned(large);
    await unlearned(orderOf('s1'));
    const { items, pairs } = await counts();
    assert.deepEqual({ items: items.filter(({ orders }) => orders > 0), pairs }, before);
    assert.equal((await beside('s250')).includes('s251'), false);
  });

  it('pairs only a sample of a very large order', async () => {
    await learned(orderOf(Array.from({ length: 2_000 }, (_, index) => `s${index}`).join(' ')));
    const { items, pairs } = await counts();
    assert.equal(items.length, 2_000);
    assert.equal(pairs.length, MOST_PAIRED * (MOST_PAIRED - 1));
  });

  it('counts concurrent orders without losing one', async () => {
    const skus = 'a b c d e f g h';
    const orders = Array.from({ length: 12 }, (_, index) =>
      orderOf(index % 2 ? skus : skus.split(' ').toReversed().join(' ')),
    );
    await Promise.all(orders.map(learned));
    await Promise.all(orders.slice(0, 6).map(unlearned));
    const { items, pairs } = await counts();
    assert.deepEqual(new Set([...items, ...pairs].map(({ orders }) => orders)), new Set([6]));
    assert.equal(pairs.length, 8 * 7);
  });
});
