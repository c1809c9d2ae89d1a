import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { RecommendationDatabase } from '../../services/recommendation/database.ts';
import { learn } from '../../services/recommendation/learning.ts';
import { bestSellers, rank } from '../../services/recommendation/ranking.ts';
import type { Progress } from '../progress.ts';
import type { Invoice } from '../shop/shop.ts';

/** As many as a page shows. */
const SHOWN = 10;

export interface Evaluation {
  learned: number;
  asked: number;
  /** How often the one product held out was among the ten shown. */
  recommended: number;
  bestSold: number;
}

/** A shop's orders in the order of the file, without those that came to nothing. */
export const ordersOf = (invoices: readonly Invoice[]): Invoice[] =>
  invoices.filter(({ cancellation, lines }) => !cancellation && lines.length > 0);

/**
 * Learns the first two thirds of the orders; of each later one holds a product out, and asks for ten that go with the
 * rest. What learns and ranks is what serves, on a database of its own.
 */
export async function evaluate(
  db: Kysely<RecommendationDatabase>,
  orders: readonly Invoice[],
  progress: Progress,
): Promise<Evaluation> {
  const split = Math.ceil((orders.length * 2) / 3);
  const evaluation: Evaluation = { learned: 0, asked: 0, recommended: 0, bestSold: 0 };
  for (const [index, order] of orders.entries()) {
    if (index < split) {
      await db.transaction().execute((work) => learn(work, learnable(order)));
      evaluation.learned += 1;
    } else if (order.lines.length > 1) {
      const { heldOut, rest } = halvesOf(order);
      const found = (shown: string[]) => (shown.includes(heldOut) ? 1 : 0);
      evaluation.asked += 1;
      evaluation.recommended += found(await rank(db, { beside: rest, without: [], limit: SHOWN }));
      evaluation.bestSold += found(await bestSellers(db, rest, SHOWN));
    }
    progress.step();
  }
  return evaluation;
}

const learnable = ({ number, customerId = '', lines, at }: Invoice) => ({
  orderId: idOf(number),
  customerId: idOf(customerId),
  skus: lines.map(({ sku }) => sku),
  confirmedAt: new Date(`${at.replace(' ', 'T')}Z`),
});

/** Which product is held out is by chance, and by the same chance every time. */
function halvesOf({ number, lines }: Invoice): { heldOut: string; rest: string[] } {
  const skus = lines.map(({ sku }) => sku);
  const place = digest(number).readUInt32BE() % skus.length;
  return { heldOut: skus[place]!, rest: skus.toSpliced(place, 1) };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** A UUID of version 8 (RFC 9562 section 5.8), the one for hashes of one's own choice. */
const idOf = (text: string): string =>
  digest(text)
    .toString('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
