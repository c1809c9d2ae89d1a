import type { OrderFilter, OrderRecord } from '../../activities/order-search.ts';
import type { OrderRequests } from '../../activities/order.ts';
import type { Page } from '../../platform/contract/operation.ts';
import { csvRecord, decimalOf } from './csv.ts';

/** Orders in memory at a time: 200 KB. */
export const EXPORT_PAGE = 500;

const COLUMNS: Readonly<Record<string, (order: OrderRecord) => string | number | null>> = {
  number: ({ number }) => number,
  id: ({ id }) => id,
  placedAt: ({ placedAt }) => placedAt,
  status: ({ status }) => status,
  paymentStatus: ({ paymentStatus }) => paymentStatus,
  fulfillmentStatus: ({ fulfillmentStatus }) => fulfillmentStatus,
  customerId: ({ customerId }) => customerId,
  email: ({ contact }) => contact?.email ?? null,
  name: ({ contact }) => contact?.name ?? null,
  country: ({ country }) => country,
  lines: ({ lines }) => lines,
  pieces: ({ pieces }) => pieces,
  total: ({ total }) => decimalOf(total),
  refunded: ({ refunded }) => decimalOf(refunded),
  currency: ({ total }) => total.currency,
  trackingNumber: ({ trackingNumber }) => trackingNumber,
};

/**
 * The orders as CSV, a page at a time: the next page is read once the client has taken the one before. Orders placed
 * meanwhile are newer than the first page, so they are left out; none is there twice.
 */
export async function* orderTable(
  orders: Pick<OrderRequests, 'exportOrders'>,
  filter: OrderFilter,
  first: Page<OrderRecord>,
): AsyncGenerator<string> {
  yield csvRecord(Object.keys(COLUMNS));
  let page = first;
  for (;;) {
    if (page.items.length > 0) yield page.items.map(recordOf).join('');
    if (page.next === null) return;
    page = await orders.exportOrders({ ...filter, after: page.next, limit: EXPORT_PAGE });
  }
}

const recordOf = (order: OrderRecord): string => csvRecord(Object.values(COLUMNS).map((column) => column(order)));
