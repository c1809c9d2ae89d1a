import { isDeepStrictEqual } from 'node:util';
import type { OrderRequests } from '../../activities/order.ts';
import type { PlaceOrder } from '../../activities/order-placing.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Store } from './fake-services.ts';
import { fakeStaffOrders } from './fake-staff-orders.ts';
import { findOrRefuse } from './find-or-refuse.ts';
import { NOW, orderOf, returnOf } from './gateway-builders.ts';

/** The parts of a draft that a repeat must equal. Prices may differ: those of the first request count. */
const comparable = ({ lines, total: _total, ...rest }: PlaceOrder) => ({
  ...rest,
  lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
});

/** The order service in memory, without order histories. */
export function fakeOrders(store: Store): Omit<OrderRequests, 'followMoves' | 'followStory'> {
  const { orders, drafts, returns, refunds, interventions, listed } = store;
  const recorded = new Set<string>();
  return {
    ...fakeStaffOrders(store),
    async placeOrder(draft) {
      const { orderId, paymentMethod: _paymentMethod, ...rest } = draft;
      const earlier = drafts.get(orderId);
      if (earlier && !isDeepStrictEqual(comparable(earlier), comparable(draft)))
        throw new Refusal('OrderDiffers', 'another order has this id');
      drafts.set(orderId, draft);
      const order = orders.get(orderId) ?? orderOf({ ...rest, id: orderId });
      orders.set(orderId, order);
      const input = { ...draft, lines: draft.lines.map(({ sku, quantity }) => ({ sku, quantity })) };
      return {
        order,
        created: !earlier,
        ...(!recorded.has(orderId) && { start: { input, lane: 'local-first' as const } }),
      };
    },
    async getOrderStart({ orderId }) {
      const { id, customerId, lines, total, shippingAddress, status } = findOrRefuse(orders, orderId, 'OrderNotFound');
      if (['rejected', 'canceled', 'completed'].includes(status)) return {};
      const paymentMethod = drafts.get(orderId)?.paymentMethod ?? 'pm_card_visa';
      const input = { orderId: id, customerId, lines, total, shippingAddress, paymentMethod };
      return { start: { input, lane: 'local-first' } };
    },
    getOrder: async ({ orderId }) => findOrRefuse(orders, orderId, 'OrderNotFound'),
    getOrders: async ({ orderIds }) => ({ items: orderIds.flatMap((orderId) => orders.get(orderId) ?? []) }),
    async awaitOrder({ orderId }) {
      recorded.add(orderId);
      const order = { ...findOrRefuse(orders, orderId, 'OrderNotFound'), ...store.decided };
      orders.set(orderId, order);
      return order;
    },
    async listOrders(request) {
      listed.push(request);
      if (request.after === 'bad') throw new Refusal('BadCursor', 'not a cursor of this list');
      const { customerId } = request;
      const items = [...orders.values()].filter((order) => !customerId || order.customerId === customerId);
      return { items: items.slice(0, request.limit), next: items.length > request.limit ? 'c-2' : null };
    },
    async getHistory({ orderId }) {
      findOrRefuse(orders, orderId, 'OrderNotFound');
      return { items: [{ at: NOW, step: 'record', outcome: 'succeeded', attempt: 1 }] };
    },
    async listInterventions(request) {
      listed.push(request);
      return { items: [...interventions.values()], next: null };
    },
    getIntervention: async ({ interventionId }) => findOrRefuse(interventions, interventionId, 'InterventionNotFound'),
    async resolveFinding({ interventionId, ...decision }) {
      const intervention = findOrRefuse(interventions, interventionId, 'InterventionNotFound');
      // The discrepancy is still there.
      if (decision.action === 'retry') return intervention;
      const resolved = { ...intervention, ...decision, state: 'resolved' as const };
      interventions.set(interventionId, resolved);
      return resolved;
    },
    async draftReturn({ returnId, orderId, lines, reason }) {
      const order = findOrRefuse(orders, orderId, 'OrderNotFound');
      const earlier = returns.get(returnId);
      if (earlier) return earlier;
      if (order.fulfillmentStatus !== 'delivered') throw new Refusal('NotReturnable', 'it is not delivered');
      const draft = returnOf({ id: returnId, orderId, customerId: order.customerId, lines, reason });
      returns.set(returnId, draft);
      return draft;
    },
    getReturn: async ({ returnId }) => findOrRefuse(returns, returnId, 'ReturnNotFound'),
    listReturns: async ({ orderId }) => ({ items: [...returns.values()].filter((one) => one.orderId === orderId) }),
    async draftRefund({ refundId, orderId, part, reason, note, requestedBy, limit = Infinity }) {
      const order = findOrRefuse(orders, orderId, 'OrderNotFound');
      const earlier = refunds.get(refundId);
      if (earlier) return earlier;
      const amount = 'amount' in part ? part.amount : order.total;
      if (amount.currency !== order.total.currency) throw new Refusal('WrongCurrency', 'it was paid in GBP');
      if (amount.amountMinor > order.total.amountMinor) throw new Refusal('RefundTooLarge', 'it is more than was paid');
      if (amount.amountMinor > limit * 100) throw new Refusal('RefundAboveLimit', 'it is more than the limit');
      const refund = {
        id: refundId,
        orderId,
        status: 'requested' as const,
        amount,
        lines: 'lines' in part ? part.lines : null,
        reason,
        note: note ?? null,
        requestedBy,
        createdAt: NOW,
        updatedAt: NOW,
      };
      refunds.set(refundId, refund);
      return refund;
    },
    async listRefunds({ orderId }) {
      findOrRefuse(orders, orderId, 'OrderNotFound');
      return { items: [...refunds.values()].filter((one) => one.orderId === orderId) };
    },
    listBooks: async () => ({ items: [], next: null }),
    getBacklog: async () => store.backlog,
  };
}
