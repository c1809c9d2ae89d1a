import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
import type { OrderRequests } from '../../activities/order.ts';
import type { ReportSales, Sales, SalesKey, SalesRow } from '../../activities/sales-report.ts';
import type { OrderDatabase } from './database.ts';
import { countedMinor } from './counted-refunds.ts';
import { underlyingStatus } from './statuses.ts';

// So many are read by one statement, far below the time that a statement may take; all are one snapshot.
const ORDERS_AT_A_TIME = 2_000;
// Below the operation's timeout. A million orders take about ten seconds.
const TIMEOUT_MS = 30_000;
// A few megabytes of JSON.
const MAX_ROWS = 10_000;

/** What was sold in a period; the contract says what counts. */
export const createReportRequests = (
  db: Kysely<OrderDatabase>,
  ordersAtATime = ORDERS_AT_A_TIME,
): Pick<OrderRequests, 'reportSales'> => ({
  reportSales: ({ by, ...period }) =>
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (work) => {
        const [rows, totals] = [new Map<string, SumRow>(), new Map<string, SumRow>()];
        for await (const part of partsOf(work, period, ordersAtATime)) {
          addUp(rows, await sumsOf(work, SALES[by](part)));
          addUp(totals, await sumsOf(work, inTotal(part)));
        }
        return {
          rows: [...rows.values()]
            .toSorted(by === 'day' ? byKey : largestFirst)
            .slice(0, by === 'sku' ? MAX_ROWS : undefined)
            .map(rowOf),
          totals: [...totals.values()].toSorted(byKey).map(salesOf),
        };
      }),
});

type Period = Pick<ReportSales, 'from' | 'before'>;

/** The period in parts that hold few orders. */
async function* partsOf(
  work: Transaction<OrderDatabase>,
  { from, before }: Period,
  ordersAtATime: number,
): AsyncGenerator<Period> {
  const deadline = Date.now() + TIMEOUT_MS;
  for (let start = from; start < before;) {
    if (Date.now() > deadline) throw new Error(`the report took more than ${TIMEOUT_MS} ms`);
    const end = (await timeAfter(work, { from: start, before }, ordersAtATime)) ?? before;
    yield { from: start, before: end };
    start = end;
  }
}

/** The time of the first order that is too many, if there is one. Later than `from`, so that each part has an end. */
async function timeAfter(
  work: Transaction<OrderDatabase>,
  { from, before }: Period,
  ordersAtATime: number,
): Promise<string | undefined> {
  const { rows } = await sql<{ created_at: Date }>`
    select created_at from orders
     where recorded_at is not null and created_at >= ${from}::timestamptz and created_at < ${before}::timestamptz
     order by created_at offset ${ordersAtATime} limit 1`.execute(work);
  const at = rows[0]?.created_at.getTime();
  return at === undefined ? undefined : new Date(Math.max(at, Date.parse(from) + 1)).toISOString();
}

interface SumRow {
  key: string;
  currency: string;
  orders: number;
  pieces: number;
  gross: number;
  refunded: number;
}

const sumsOf = async (work: Transaction<OrderDatabase>, query: RawBuilder<unknown>): Promise<SumRow[]> =>
  (await (query as RawBuilder<SumRow>).execute(work)).rows;

/** Adds the sums of a part to those of the parts before. */
function addUp(sums: Map<string, SumRow>, part: readonly SumRow[]): void {
  for (const row of part) {
    const id = JSON.stringify([row.key, row.currency]);
    const sum = sums.get(id);
    if (!sum) sums.set(id, row);
    else for (const figure of ['orders', 'pieces', 'gross', 'refunded'] as const) sum[figure] += row[figure];
  }
}

const byKey = (one: SumRow, other: SumRow): number => (one.key + one.currency < other.key + other.currency ? -1 : 1);
const largestFirst = (one: SumRow, other: SumRow): number => other.gross - one.gross || byKey(one, other);

/** The sold orders of the period. A refund for pieces that were canceled after all gives nothing back of what was sold. */
const soldIn = ({ from, before }: Period) => sql`
  select id, created_at, currency, total_minor - canceled_minor as gross,
         refunded_minor - case when canceled_minor = 0 then 0 else (
           select coalesce(sum(${countedMinor}), 0) from refunds
            where order_id = orders.id and reason = 'canceled' and refunds.status not in ('requested', 'not_refunded')
         ) end as refunded,
         lines, canceled_lines, shipping_address->>'country' as country
    from orders
   where recorded_at is not null and created_at >= ${from}::timestamptz and created_at < ${before}::timestamptz
     and ${underlyingStatus} in ('confirmed', 'completed')`;

/** The pieces of a sold order, with the canceled ones as negative quantities. */
const pieces = sql`
  select line->>'sku' as sku, (line->>'quantity')::bigint as quantity,
         (line->'unitPrice'->>'amountMinor')::bigint as unit_minor
    from jsonb_array_elements(lines) as line
   union all
  select line->>'sku', -(line->>'quantity')::bigint, (line->>'unitMinor')::bigint
    from jsonb_array_elements(canceled_lines) as line`;

/** Sums of whole orders, by an expression over their columns. */
const byOrder = (key: RawBuilder<string>) => (period: Period) => sql`
  select ${key} as key, currency, count(*)::bigint as orders, sum(pieces)::bigint as pieces,
         sum(gross)::bigint as gross, sum(refunded)::bigint as refunded
    from (${soldIn(period)}) as sold,
         lateral (select sum(quantity) as pieces from (${pieces}) as piece) as counted
   where pieces > 0
   group by 1, 2`;

const inTotal = byOrder(sql<string>`''`);

/** An order with several lines of one SKU counts once. Returned pieces were refunded at the price of their line. */
const bySku = (period: Period) => sql`
  with ordered as (
    select id, currency, sku, sum(quantity) as pieces, sum(quantity * unit_minor) as gross, max(unit_minor) as price_minor
      from (${soldIn(period)}) as sold, lateral (${pieces}) as piece
     group by 1, 2, 3
    having sum(quantity) > 0),
  returned as (
    select order_id, line->>'sku' as sku, sum((line->>'quantity')::bigint) as pieces
      from returns, jsonb_array_elements(received) as line
     where status = 'refunded' and order_id in (select id from (${soldIn(period)}) as sold)
     group by 1, 2)
  select ordered.sku as key, currency, count(*)::bigint as orders, sum(ordered.pieces)::bigint as pieces,
         sum(gross)::bigint as gross, sum(coalesce(returned.pieces, 0) * price_minor)::bigint as refunded
    from ordered left join returned on returned.order_id = ordered.id and returned.sku = ordered.sku
   group by 1, 2`;

const SALES: Readonly<Record<SalesKey, (period: Period) => RawBuilder<unknown>>> = {
  day: byOrder(sql<string>`to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')`),
  country: byOrder(sql<string>`country`),
  sku: bySku,
};

const salesOf = ({ orders, pieces, gross, refunded, currency }: SumRow): Sales => ({
  orders,
  pieces,
  gross: { amountMinor: gross, currency },
  refunded: { amountMinor: refunded, currency },
});

const rowOf = (row: SumRow): SalesRow => ({ key: row.key, ...salesOf(row) });
