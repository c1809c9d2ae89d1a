import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import { SalesKey, SalesReport } from '../../activities/sales-report.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { boundsOf, periodQuery } from './period.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const DEFAULT_DAYS = 30;
// A leap year. A longer period would take the order service longer than a caller waits.
const MAX_DAYS = 366;
// PostgreSQL has no year 0.
const EARLIEST_MS = Date.parse('0001-01-01T00:00:00.000Z');

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
const SALES = { orders: 2, pieces: 7, gross: pounds(8_750), refunded: pounds(1_250) };

const ReportView = SalesReport.extend({
  by: SalesKey,
  from: z.iso.datetime(),
  before: z.iso.datetime(),
}).meta({
  id: 'SalesReport',
  description:
    'What was sold by the orders placed from `from` until before `before`. An order is sold if it is confirmed or came ' +
    'further; pending, rejected and canceled orders do not count. Everything counts on the day of placing in UTC, also a ' +
    'later refund. Each key, and `totals`, has a row for each currency. `refunded` of a SKU is the price of its returned ' +
    'pieces. Of SKUs there are the 10,000 with the highest amounts; `totals` is always complete.',
  examples: [
    {
      by: 'day',
      from: '2026-01-05T00:00:00.000Z',
      before: '2026-01-06T00:00:00.000Z',
      rows: [{ key: '2026-01-05', ...SALES }],
      totals: [SALES],
    },
  ],
});

/** The period of the query: by default the last thirty days. */
function periodOf(query: { from?: string | undefined; to?: string | undefined }): { from: string; before: string } {
  const given = boundsOf(query);
  const before = given.before ?? new Date().toISOString();
  const byDefault = () => Math.max(Date.parse(before) - DEFAULT_DAYS * DAY_MS, EARLIEST_MS);
  return { before, from: given.from ?? new Date(byDefault()).toISOString() };
}

const daysOf = ({ from, before }: { from: string; before: string }): number =>
  (Date.parse(before) - Date.parse(from)) / DAY_MS;

/** Figures about all orders. */
export const reportRoutes = (orders: Pick<OrderRequests, 'reportSales'>): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/reports/sales',
    operationId: 'reportSales',
    summary: 'Report what was sold, by day, SKU or country',
    tag: 'reports',
    access: 'staff',
    staff: ['viewer'],
    scopes: ['orders:read'],
    query: z
      .strictObject({ by: SalesKey.default('day'), ...periodQuery })
      .refine((query) => daysOf(periodOf(query)) <= MAX_DAYS, {
        error: `must be at most ${MAX_DAYS} days before \`to\``,
        path: ['from'],
      }),
    responses: { 200: { description: 'The report', body: ReportView } },
    async handle({ query }) {
      const period = periodOf(query);
      const report = await orders.reportSales({ by: query.by, ...period });
      return { status: 200, body: { by: query.by, ...period, ...report } };
    },
  }),
];
