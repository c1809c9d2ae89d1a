import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { RecommendationDatabase } from '../../services/recommendation/database.ts';
import { learn } from '../../services/recommendation/learning.ts';
import { bestSellers, rank } from '../../services/recommendation/ranking.ts';
import type { Progress } from '../progress.ts';
import { timesOf } from '../shop/invoice-time.ts';
import type { Invoice } from '../shop/shop.ts';

/** The number of products that a page shows. */
const SHOWN = 10;

export interface Evaluation {
  learned: number;
  tested: number;
  /** How often the held-out product was among the ten shown. */
  recommended: number;
  bestSold: number;
}

/** A shop's orders in the order of the file, without cancellations and orders without usable lines. */
export const ordersOf = (invoices: readonly Invoice[]): Invoice[] =>
  invoices.filter(({ cancellation, lines }) => !cancellation && lines.length > 0);

/**
 * Learns from the first two thirds of the orders. Then holds one product out of each later order and recommends ten for
 * the rest. Learning and ranking are the recommendation service's own code, on a database of its own.
 */
export async function evaluate(
  db: Kysely<RecommendationDatabase>,
  orders: readonly Invoice[],
  progress: Progress,
): Promise<Evaluation> {
  const times = timesOf(orders);
  const split = Math.ceil((orders.length * 2) / 3);
  const evaluation: Evaluation = { learned: 0, tested: 0, recommended: 0, bestSold: 0 };
  for (const [index, order] of orders.entries()) {
    if (index < split) {
      await db.transaction().execute((work) => learn(work, learnable(order, times.get(order)!)));
      evaluation.learned += 1;
    } else if (order.lines.length > 1) {
      const { heldOut, rest } = holdOneOut(order);
      const found = (shown: string[]) => (shown.includes(heldOut) ? 1 : 0);
      evaluation.tested += 1;
      evaluation.recommended += found(await rank(db, { beside: rest, without: [], limit: SHOWN }));
      evaluation.bestSold += found(await bestSellers(db, rest, SHOWN));
    }
    progress.step();
  }
  return evaluation;
}

const learnable = ({ number, customerId = '', lines }: Invoice, at: number) => ({
  orderId: idOf(number),
  customerId: idOf(customerId),
  skus: lines.map(({ sku }) => sku),
  confirmedAt: new Date(at),
});

/** Picks the held-out product pseudo-randomly, from the invoice's number, so that every run picks the same one. */
function holdOneOut({ number, lines }: Invoice): { heldOut: string; rest: string[] } {
  const skus = lines.map(({ sku }) => sku);
  const index = digest(number).readUInt32BE() % skus.length;
  return { heldOut: skus[index]!, rest: skus.toSpliced(index, 1) };
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** A UUID of version 8 (RFC 9562 section 5.8), which is meant for custom hashes. */
const idOf = (text: string): string =>
  digest(text)
    .toString('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
