import { type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
import type { OrderRequests } from '../../activities/order.ts';
import type { ReportSales, Sales, SalesKey, SalesRow } from '../../activities/sales-report.ts';
import type { OrderDatabase } from './database.ts';
import { underlyingStatus } from './statuses.ts';

// Below the operation's timeout. A year of a million orders takes some seconds.
const TIMEOUT_MS = 30_000;
// A few megabytes of JSON.
const MAX_ROWS = 10_000;

/** What was sold in a period; the contract says what counts. */
export const createReportRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'reportSales'> => ({
  reportSales: (request) =>
    // One snapshot, so that the rows add up to the totals.
    db
      .transaction()
      .setIsolationLevel('repeatable read')
      .execute(async (work) => {
        await sql`select set_config('statement_timeout', ${String(TIMEOUT_MS)}, true)`.execute(work);
        const rows = await sum(
          work,
          sql`select * from (${SALES[request.by](request)}) as sales ${newestOrLargest(request)}`,
        );
        const totals = await sum(work, totalsOf(request));
        return { rows: rows.map(rowOf), totals: totals.map(salesOf) };
      }),
});

interface SumRow {
  key: string;
  currency: string;
  orders: number;
  pieces: number;
  gross: number;
  refunded: number;
}

const sum = async (work: Transaction<OrderDatabase>, query: RawBuilder<unknown>): Promise<SumRow[]> =>
  (await (query as RawBuilder<SumRow>).execute(work)).rows;

/** Days in their sequence; of SKUs and countries those with the highest amounts first. */
const newestOrLargest = ({ by }: ReportSales) =>
  by === 'day' ? sql`order by key, currency` : sql`order by gross desc, key, currency limit ${MAX_ROWS}`;

/** The sold orders of the period. */
const soldIn = ({ from, before }: ReportSales) => sql`
  select id, created_at, currency, total_minor, refunded_minor, lines, shipping_address->>'country' as country
    from orders
   where recorded_at is not null and created_at >= ${from}::timestamptz and created_at < ${before}::timestamptz
     and ${underlyingStatus} in ('confirmed', 'completed')`;

/** Sums of whole orders, by an expression over their columns. */
const byOrder = (key: RawBuilder<string>) => (request: ReportSales) => sql`
  select ${key} as key, currency, count(*)::bigint as orders, sum(pieces)::bigint as pieces,
         sum(total_minor)::bigint as gross, sum(refunded_minor)::bigint as refunded
    from (${soldIn(request)}) as sold,
         lateral (select sum((line->>'quantity')::bigint) as pieces from jsonb_array_elements(lines) as line) as counted
   group by 1, 2`;

const totalsOf = (request: ReportSales) => sql`
  select * from (${byOrder(sql<string>`''`)(request)}) as sales order by currency`;

/** An order with several lines of one SKU counts once. Returned pieces were refunded at the price of their line. */
const bySku = (request: ReportSales) => sql`
  with ordered as (
    select id, currency, line->>'sku' as sku, sum((line->>'quantity')::bigint) as pieces,
           sum((line->>'quantity')::bigint * (line->'unitPrice'->>'amountMinor')::bigint) as gross,
           max((line->'unitPrice'->>'amountMinor')::bigint) as price_minor
      from (${soldIn(request)}) as sold, jsonb_array_elements(lines) as line
     group by 1, 2, 3),
  returned as (
    select order_id, line->>'sku' as sku, sum((line->>'quantity')::bigint) as pieces
      from returns, jsonb_array_elements(received) as line
     where status = 'refunded' and order_id in (select id from (${soldIn(request)}) as sold)
     group by 1, 2)
  select ordered.sku as key, currency, count(*)::bigint as orders, sum(ordered.pieces)::bigint as pieces,
         sum(gross)::bigint as gross, sum(coalesce(returned.pieces, 0) * price_minor)::bigint as refunded
    from ordered left join returned on returned.order_id = ordered.id and returned.sku = ordered.sku
   group by 1, 2`;

const SALES: Readonly<Record<SalesKey, (request: ReportSales) => RawBuilder<unknown>>> = {
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
