import { Readable } from 'node:stream';
import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { linksTo, orderLinks } from '../openapi/links.ts';
import { staffViewsOf } from '../orders/contacts.ts';
import { OrderView } from '../orders/view.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { EXPORT_PAGE, orderTable } from './order-csv.ts';
import { filterOf, orderFilterQuery } from './order-filter.ts';

/** How staff find orders: as a list, and as a table for a spreadsheet. */
export const orderSearchRoutes = (orders: OrderRequests): AnyRoute[] => [searchOrders(orders), exportOrders(orders)];

function searchOrders(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/admin/orders',
    operationId: 'searchOrders',
    summary: 'Search all orders, newest first',
    tag: 'orders',
    access: 'staff',
    staff: ['viewer'],
    scopes: ['orders:read'],
    query: z.strictObject({ ...orderFilterQuery, ...pageQuery }),
    responses: {
      200: {
        description: 'A page of orders, with the contacts of their customers',
        body: listOf(OrderView),
        links: {
          ...orderLinks('/items/0/id'),
          ...linksTo(['addNote', 'listNotes'], { orderId: '$response.body#/items/0/id' }),
        },
      },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { cursor, limit, ...filter }, caller }) {
      const page = await orders.searchOrders({ ...filterOf(filter), after: cursor, limit });
      const items = await staffViewsOf(orders, page.items, caller!);
      return { status: 200, body: { items, next: nextPage('/v1/admin/orders', page.next, { limit, ...filter }) } };
    },
  });
}

function exportOrders(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/admin/orders.csv',
    operationId: 'exportOrders',
    summary: 'Export the orders that a search finds as a table',
    tag: 'orders',
    access: 'staff',
    staff: ['viewer'],
    scopes: ['orders:read'],
    query: z.strictObject(orderFilterQuery),
    responses: {
      200: {
        description:
          'All orders found, newest first, one a record, as CSV (RFC 4180) in UTF-8 with a line of names. A text that a ' +
          'spreadsheet would take for a formula has an apostrophe before it. The connection breaks if a later part cannot be read.',
        mediaType: 'text/csv',
        headers: { 'Content-Disposition': 'suggests the file name `orders.csv`' },
      },
    },
    async handle({ query }) {
      const filter = filterOf(query);
      // Before the response begins, so that a fault is still a problem document.
      const first = await orders.exportOrders({ ...filter, limit: EXPORT_PAGE });
      return {
        status: 200,
        body: Readable.from(orderTable(orders, filter, first)),
        headers: {
          'Content-Type': 'text/csv; charset=utf-8; header=present',
          'Content-Disposition': 'attachment; filename="orders.csv"',
          // The compressor would hide a fault after the first part: it ends the response as if it were whole.
          'Cache-Control': 'no-store, no-transform',
        },
      };
    },
  });
}
