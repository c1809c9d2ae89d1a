import assert from 'node:assert/strict';
import type { RecommendationDatabase } from '../../services/recommendation/database.ts';
import { evaluate, ordersOf } from '../../tools/recommend-eval/evaluate.ts';
import type { Invoice } from '../../tools/shop/shop.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';

describe('recommend-eval', () => {
  let database: FreshDatabase<RecommendationDatabase>;
  before(async () => {
    database = await freshDatabase<RecommendationDatabase>('recommendation');
  });
  after(() => database.drop());

  const invoice = (number: number, skus: string[], difference: Partial<Invoice> = {}): Invoice => ({
    number: String(number),
    country: 'GB',
    at: '2010-12-01 08:26',
    cancellation: false,
    lines: skus.map((sku) => ({ sku, quantity: 1 })),
    ...difference,
  });
  const QUIET = { step: () => undefined, stop: () => undefined };

  it('skips cancellations and invoices without lines', () => {
    const shop = [invoice(1, ['a']), invoice(2, ['a'], { cancellation: true }), invoice(3, [])];
    assert.deepEqual(
      ordersOf(shop).map(({ number }) => number),
      ['1'],
    );
  });

  it('finds in the last third what it learned from the first two, where best sellers do not', async () => {
    // Twenty pairs that are always bought together, and eleven best sellers that are always bought alone.
    const pairs = Array.from({ length: 20 }, (_, index) => [`one${index}`, `two${index}`]);
    const best = Array.from({ length: 11 }, (_, index) => [`best${index}`]);
    const orders = [...best, ...best, ...best, ...pairs, ...pairs, ...pairs, ['alone']].map((skus, index) =>
      invoice(index, skus),
    );
    assert.deepEqual(await evaluate(database.db, orders, QUIET), {
      learned: 63,
      tested: 30,
      recommended: 30,
      bestSold: 0,
    });
  });
});
