import type { Order, OrderRequests } from '../../activities/order.ts';
import type { OrderRecord } from '../../activities/order-search.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Store } from './fake-services.ts';
import { findOrRefuse } from './find-or-refuse.ts';
import { NOW } from './gateway-builders.ts';

type StaffRequests =
  | 'searchOrders'
  | 'exportOrders'
  | 'getContacts'
  | 'addNote'
  | 'listNotes'
  | 'listParcels'
  | 'getParcel'
  | 'reportSales';

/** What staff ask of the order service, in memory. Pages continue after an index; filters are only recorded. */
export function fakeStaffOrders(store: Store): Pick<OrderRequests, StaffRequests> {
  const { orders, notes, parcels, contacts, listed } = store;
  const pageOf = <Item>(all: Item[], { after = '0', limit }: { after?: string | undefined; limit: number }) => {
    if (after === 'bad') throw new Refusal('BadCursor', 'not a cursor of this list');
    const [from, to] = [Number(after), Number(after) + limit];
    return { items: all.slice(from, to), next: all.length > to ? String(to) : null };
  };
  return {
    async searchOrders(request) {
      listed.push(request);
      return pageOf([...orders.values()], request);
    },
    async exportOrders(request) {
      listed.push(request);
      const { items, next } = pageOf([...orders.values()], request);
      return { items: items.map((order) => recordOf(order, store)), next };
    },
    async getContacts({ customerIds }) {
      const known = customerIds.filter((customerId) => contacts.has(customerId));
      return { items: known.map((customerId) => ({ customerId, ...contacts.get(customerId)! })) };
    },
    async addNote({ noteId, orderId, authorId, text }) {
      findOrRefuse(orders, orderId, 'OrderNotFound');
      const author = { id: authorId, name: contacts.get(authorId)?.name ?? null };
      const note = notes.get(noteId) ?? { id: noteId, orderId, author, text, createdAt: NOW };
      if (note.text !== text) throw new Refusal('NoteDiffers', 'another note has this id');
      notes.set(noteId, note);
      return note;
    },
    async listNotes({ orderId, ...page }) {
      findOrRefuse(orders, orderId, 'OrderNotFound');
      return pageOf(
        [...notes.values()].filter((note) => note.orderId === orderId),
        page,
      );
    },
    async listParcels(request) {
      listed.push(request);
      return pageOf([...parcels.values()], request);
    },
    getParcel: async ({ parcelId }) => findOrRefuse(parcels, parcelId, 'ParcelNotFound'),
    async reportSales(request) {
      listed.push(request);
      return store.salesReport;
    },
  };
}

const recordOf = (order: Order, { contacts }: Store): OrderRecord => ({
  id: order.id,
  number: order.number,
  placedAt: order.createdAt,
  status: order.status,
  paymentStatus: order.paymentStatus,
  fulfillmentStatus: order.fulfillmentStatus,
  customerId: order.customerId,
  contact: contacts.get(order.customerId) ?? null,
  country: order.shippingAddress.country,
  lines: order.lines.length,
  pieces: order.lines.reduce((sum, { quantity }) => sum + quantity, 0),
  total: order.total,
  refunded: { amountMinor: 0, currency: order.total.currency },
  trackingNumber: order.trackingNumber,
});
