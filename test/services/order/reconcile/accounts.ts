import type { OrderStockTotals } from '../../../../activities/inventory.ts';
import type { OrderSummary } from '../../../../activities/order.ts';
import type { OrderPaymentTotals } from '../../../../activities/payment.ts';
import type { Shipment, ShipmentStatus } from '../../../../activities/shipping.ts';
import type { Account, CarrierItem, ProcessorItem } from '../../../../services/order/reconcile/account.ts';

const ORDER = '00000000-0000-4000-8000-000000000001';
const TOTAL = 700;
const NOTHING = { reserved: 0, released: 0, committed: 0, restocked: 0 };

/** An entry in the processor's ledger for the whole total. */
export const entry = (type: ProcessorItem['type'], orderId = ORDER): ProcessorItem => ({
  orderId,
  type,
  amountMinor: TOTAL,
  currency: 'GBP',
});
export const movement = (type: CarrierItem['type'], orderId = ORDER): CarrierItem => ({
  orderId,
  type,
  trackingNumber: 'SB1',
});

/** An account without entries, whose workflow has ended. */
export const anAccount = (different: Partial<Account> = {}): Account => ({
  orderId: ORDER,
  shipments: [],
  processor: [],
  carrier: [],
  workflowRuns: false,
  draft: false,
  ...different,
});

const order = (different: Partial<OrderSummary>): OrderSummary => ({
  orderId: ORDER,
  status: 'confirmed',
  paymentStatus: 'authorized',
  fulfillmentStatus: 'booked',
  total: { amountMinor: TOTAL, currency: 'GBP' },
  lines: [
    { sku: 'A', quantity: 2 },
    { sku: 'B', quantity: 1 },
  ],
  refundedMinor: 0,
  restocked: [],
  trackingNumber: 'SB1',
  updatedAt: '2026-01-05T09:00:00.000Z',
  ...different,
});
const payment = (different: Partial<OrderPaymentTotals> = {}): OrderPaymentTotals => ({
  orderId: ORDER,
  currency: 'GBP',
  authorizedMinor: TOTAL,
  voidedMinor: 0,
  capturedMinor: 0,
  refundedMinor: 0,
  manuallyRefundedMinor: 0,
  manuallyCapturedMinor: 0,
  ...different,
});
/** Stock movements of these kinds for all of an order's goods. */
const stock = (...kinds: (keyof typeof NOTHING)[]): OrderStockTotals => ({
  orderId: ORDER,
  lines: [
    { sku: 'A', ...NOTHING, ...Object.fromEntries(kinds.map((kind) => [kind, 2])) },
    { sku: 'B', ...NOTHING, ...Object.fromEntries(kinds.map((kind) => [kind, 1])) },
  ],
});
const shipment = (status: ShipmentStatus): Shipment => ({
  orderId: ORDER,
  parcelId: ORDER,
  status,
  trackingNumber: 'SB1',
});

const confirmed = (): Account => ({
  orderId: ORDER,
  order: order({}),
  payment: payment(),
  stock: stock('reserved'),
  shipments: [shipment('booked')],
  processor: [entry('authorization')],
  carrier: [movement('booking')],
  workflowRuns: true,
  draft: false,
});
const shipped = (): Account => ({
  ...confirmed(),
  order: order({ paymentStatus: 'captured', fulfillmentStatus: 'shipped' }),
  payment: payment({ capturedMinor: TOTAL }),
  stock: stock('reserved', 'committed'),
  shipments: [shipment('dispatched')],
  processor: [entry('authorization'), entry('capture')],
  carrier: [movement('booking'), movement('dispatch')],
});
const delivered = (): Account => ({
  ...shipped(),
  order: order({ paymentStatus: 'captured', fulfillmentStatus: 'delivered' }),
  shipments: [shipment('delivered')],
  carrier: [movement('booking'), movement('dispatch'), movement('delivery')],
});
const canceled = (): Account => ({
  ...anAccount(),
  order: order({ status: 'canceled', paymentStatus: 'canceled', fulfillmentStatus: 'canceled' }),
  payment: payment({ voidedMinor: TOTAL }),
  stock: stock('reserved', 'released'),
  shipments: [shipment('canceled')],
  processor: [entry('authorization'), entry('void')],
  carrier: [movement('booking'), movement('cancellation')],
});
const rejected = (different: Partial<OrderSummary> = {}): OrderSummary =>
  order({
    status: 'rejected',
    paymentStatus: 'not_paid',
    fulfillmentStatus: 'not_fulfilled',
    trackingNumber: null,
    ...different,
  });
const unpaid = () => payment({ authorizedMinor: 0 });

/** Consistent accounts, one for each state that the ledgers distinguish. */
export const STAGES = {
  pending: () => ({
    ...confirmed(),
    order: order({ status: 'pending', paymentStatus: 'not_paid' }),
    shipments: [],
  }),
  confirmed,
  'being captured': () => ({ ...shipped(), order: order({ fulfillmentStatus: 'shipped' }) }),
  shipped,
  delivered,
  completed: () => ({
    ...delivered(),
    workflowRuns: false,
    order: order({ status: 'completed', paymentStatus: 'captured', fulfillmentStatus: 'delivered' }),
  }),
  'partly returned': () => ({
    ...delivered(),
    order: order({
      paymentStatus: 'partially_refunded',
      fulfillmentStatus: 'partially_returned',
      refundedMinor: 200,
      restocked: [{ sku: 'B', quantity: 1 }],
    }),
    payment: payment({ capturedMinor: TOTAL, refundedMinor: 200 }),
    stock: {
      orderId: ORDER,
      lines: [
        { sku: 'A', ...NOTHING, reserved: 2, committed: 2 },
        { sku: 'B', ...NOTHING, reserved: 1, committed: 1, restocked: 1 },
      ],
    },
    processor: [entry('authorization'), entry('capture'), { ...entry('refund'), amountMinor: 200 }],
  }),
  'returned and refunded': () => ({
    ...delivered(),
    order: order({
      status: 'completed',
      paymentStatus: 'refunded',
      fulfillmentStatus: 'returned',
      refundedMinor: TOTAL,
      // The rest came back damaged.
      restocked: [{ sku: 'A', quantity: 2 }],
    }),
    payment: payment({ capturedMinor: TOTAL, refundedMinor: TOTAL }),
    stock: {
      orderId: ORDER,
      lines: [
        { sku: 'A', ...NOTHING, reserved: 2, committed: 2, restocked: 2 },
        { sku: 'B', ...NOTHING, reserved: 1, committed: 1 },
      ],
    },
    processor: [entry('authorization'), entry('capture'), entry('refund')],
  }),
  canceled,
  'rejected because of stock': () => anAccount({ order: rejected() }),
  'rejected by the card': () =>
    anAccount({ order: rejected(), payment: unpaid(), stock: stock('reserved', 'released') }),
  'rejected by the carrier': () =>
    anAccount({
      order: rejected({ paymentStatus: 'canceled' }),
      payment: payment({ voidedMinor: TOTAL }),
      stock: stock('reserved', 'released'),
      shipments: [{ ...shipment('canceled'), trackingNumber: null }],
      processor: [entry('authorization'), entry('void')],
    }),
  'shipped, with its payment taken over by a person': () => ({
    ...shipped(),
    order: order({
      paymentStatus: 'requires_action',
      underlyingPaymentStatus: 'captured',
      fulfillmentStatus: 'shipped',
    }),
    payment: payment(),
    processor: [entry('authorization')],
  }),
  'being captured, with a payment that a person has taken over in part': () => ({
    ...confirmed(),
    order: order({
      paymentStatus: 'requires_action',
      underlyingPaymentStatus: 'authorized',
      fulfillmentStatus: 'shipped',
    }),
  }),
  'canceled, with its payment taken over by a person': () => ({
    ...canceled(),
    order: order({ status: 'canceled', paymentStatus: 'requires_action', fulfillmentStatus: 'canceled' }),
    payment: payment(),
    processor: [entry('authorization')],
  }),
  'waiting for a person': () => ({
    ...canceled(),
    order: order({ status: 'requires_action', paymentStatus: 'requires_action' }),
    payment: payment(),
    processor: [entry('authorization')],
  }),
} satisfies Record<string, () => Account>;
