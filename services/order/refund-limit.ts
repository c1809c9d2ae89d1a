import { sql } from 'kysely';
import { minorDigitsOf } from '../../activities/currencies.ts';
import { moneyInWords } from '../../activities/money-in-words.ts';
import { orderRefusal } from '../../activities/order.ts';
import type { OrderRow, Work } from './bookkeeping.ts';
import { countedMinor } from './counted-refunds.ts';

/**
 * Refuses a refund that would take the requests with a limit above it, all those of the order together: a refund split into
 * many is as large. Refunds that were given up do not count. Right only under the order's lock.
 *
 * `limit` is in the major unit of the order's currency; a fraction of its minor unit does not count.
 */
export async function refuseAboveLimit(
  work: Work,
  order: OrderRow,
  { amountMinor, limit }: { amountMinor: number; limit: number },
): Promise<void> {
  const { rows } = await sql<{ sum: number }>`
    select coalesce(sum(${countedMinor}), 0)::bigint as sum from refunds
     where order_id = ${order.id} and limited and status <> 'not_refunded'`.execute(work);
  const limitMinor = minorOf(limit, order.currency);
  const leftMinor = Math.max(0, limitMinor - rows[0]!.sum);
  if (amountMinor <= leftMinor) return;
  const inWords = (minor: number) => moneyInWords({ amountMinor: minor, currency: order.currency });
  throw orderRefusal(
    'RefundAboveLimit',
    `without an admin ${inWords(limitMinor)} of an order can be refunded; of this one ${inWords(leftMinor)} are left`,
  );
}

/** Rounded to a millionth first: 1.1 pounds are 110.00000000000001 pence in floating point, and 1.15 are 114.99999999999999. */
const minorOf = (limit: number, currency: string): number =>
  Math.floor(Number((limit * 10 ** minorDigitsOf(currency)).toFixed(6)));
