import { z } from 'zod';
import { operation } from '../platform/contract/operation.ts';

/** What a sales report has a row for. */
export const SalesKey = z.enum(['day', 'sku', 'country']);
export type SalesKey = z.infer<typeof SalesKey>;

/** A sum of amounts in the currency's minor unit. It may exceed what one order can cost. */
const Sum = z.object({ amountMinor: z.int(), currency: z.string() });

/** What was sold in one currency. */
export const Sales = z.object({
  /** The number of orders; of a SKU, the orders with it. */
  orders: z.int(),
  /** The number of pieces ordered, returned ones included. */
  pieces: z.int(),
  /** What was ordered, at the prices of the orders. Refunds are not subtracted. */
  gross: Sum,
  /** What of it has been refunded until now. */
  refunded: Sum,
});
export type Sales = z.infer<typeof Sales>;

/** A row of a report. `key` is a day as `YYYY-MM-DD`, a SKU, or a country as ISO 3166-1 alpha-2. */
export const SalesRow = Sales.extend({ key: z.string() });
export type SalesRow = z.infer<typeof SalesRow>;

export const ReportSales = z.strictObject({
  by: SalesKey,
  from: z.iso.datetime(),
  before: z.iso.datetime(),
});
export type ReportSales = z.infer<typeof ReportSales>;

export const SalesReport = z.object({
  /** Days and countries are complete. Of SKUs, the 10,000 with the highest gross amounts. */
  rows: z.array(SalesRow),
  /** Per currency, of everything that was sold, also where rows are left out. */
  totals: z.array(Sales),
});
export type SalesReport = z.infer<typeof SalesReport>;

/** Reports: part of what the order service's HTTP API offers. */
export const salesReportRequests = {
  /**
   * What was sold by the orders placed in a period: `from` counts, `before` does not.
   *
   * - _Sold_ is an order that is confirmed or came further: shipped, delivered, returned, completed, also while a person
   *   must decide something about it. Orders that are pending, rejected or canceled do not count, even if they were
   *   confirmed before. Pieces of a sold order that are not sent after all do not count either, and neither does a refund
   *   for them.
   * - Everything counts on the day of _placing_, in UTC: also a refund that is made weeks later. So the report of a period
   *   changes while its orders are returned or canceled.
   * - Amounts of different currencies are never added: each key has a row for each currency.
   * - The refunded amount of a day or a country is all that its orders were refunded; that of a SKU is the price of the
   *   returned pieces that were refunded.
   *
   * Not retried: a report that took too long would take as long again.
   */
  reportSales: operation({ request: ReportSales, response: SalesReport, timeoutMs: 35_000, repeatable: false }),
};
