import type { Account, OrderAccount, ProcessorItem } from './account.ts';
import {
  expectedAtCarrier,
  expectedNumbers,
  expectedShipments,
  foundAtCarrier,
  foundNumbers,
  foundShipments,
  mostAtCarrier,
} from './parcels.ts';
import { type Stage, isDispatched, stageOf } from './stage.ts';
import {
  describeLedgers,
  describeMoney,
  differingGoods,
  expectedGoods,
  processorMoney,
  recordedGoods,
  recordedMoney,
  recordedWithManual,
} from './totals.ts';

/** A rule that does not hold. */
export interface Finding {
  rule: string;
  expected: string;
  found: string;
}

/** Holds for an account if `expected` and `found` return the same text. */
interface Rule {
  name: string;
  expected: (account: OrderAccount, stage: Stage) => string;
  found: (account: OrderAccount, stage: Stage) => string;
}

/** Returns every rule that does not hold. For an order in progress only the rules that hold at any time are checked. */
export function checkRules(account: Account): Finding[] {
  const { order } = account;
  if (!order && isBeingPlaced(account)) return [];
  if (!order)
    return [
      { rule: 'order-exists', expected: 'an order in the order service', found: `only ${describeLedgers(account)}` },
    ];
  const known: OrderAccount = { ...account, order };
  const stage = stageOf(order);
  return [...ALWAYS, ...(stage === 'inProgress' ? [] : WHEN_IDLE)]
    .map(({ name, expected, found }) => ({
      rule: name,
      expected: expected(known, stage),
      found: found(known, stage),
    }))
    .filter(({ expected, found }) => expected !== found);
}

/** Between its draft and its record an order may have a workflow, and nothing else. */
const isBeingPlaced = (account: Account): boolean =>
  account.draft && describeLedgers({ ...account, workflowRuns: false }) === '';

const atMostOnce = (name: string, count: (account: Account) => number): Rule => ({
  name,
  expected: () => 'at most 1',
  found: (account) => (count(account) <= 1 ? 'at most 1' : String(count(account))),
});
const countAtProcessor = (type: ProcessorItem['type']) => (account: Account) =>
  account.processor.filter((item) => item.type === type).length;

/** The rules that hold for every order at any time. */
const ALWAYS: readonly Rule[] = [
  atMostOnce('authorized-once', countAtProcessor('authorization')),
  atMostOnce('captured-once', countAtProcessor('capture')),
  atMostOnce('voided-once', countAtProcessor('void')),
  atMostOnce('booked-once', mostAtCarrier('booking')),
  atMostOnce('booking-canceled-once', mostAtCarrier('cancellation')),
  atMostOnce('dispatched-once', mostAtCarrier('dispatch')),
  atMostOnce('delivered-once', mostAtCarrier('delivery')),
  atMostOnce('returned-to-sender-once', mostAtCarrier('return')),
  {
    name: 'currency',
    expected: ({ order }) => order.total.currency,
    found: ({ order, payment, processor }) => {
      const paid = payment && payment.authorizedMinor > 0 ? [payment.currency] : [];
      return [...new Set([order.total.currency, ...paid, ...processor.map(({ currency }) => currency)])].join(', ');
    },
  },
  {
    name: 'captured-only-after-dispatch',
    expected: () => 'no capture without a dispatch',
    found: (account) =>
      countAtProcessor('capture')(account) > 0 && mostAtCarrier('dispatch')(account) === 0
        ? 'a capture without a dispatch'
        : 'no capture without a dispatch',
  },
];

/** The rules that hold for every order that is not in progress. */
const WHEN_IDLE: readonly Rule[] = [
  {
    name: 'payment-status',
    expected: ({ order, payment }, stage) => {
      if (stage === 'compensated') return payment?.authorizedMinor ? 'canceled' : 'not_paid or canceled';
      if (!isDispatched(stage)) return 'authorized';
      if (order.refundedMinor === 0) return 'captured';
      return order.refundedMinor < order.total.amountMinor ? 'partially_refunded' : 'refunded';
    },
    found: ({ order: { paymentStatus }, payment }, stage) => {
      const unpaid = paymentStatus === 'not_paid' || paymentStatus === 'canceled';
      return stage === 'compensated' && unpaid && !payment?.authorizedMinor ? 'not_paid or canceled' : paymentStatus;
    },
  },
  {
    name: 'payment-ledger',
    expected: ({ order, payment }, stage) => {
      const total = order.total.amountMinor;
      if (stage !== 'compensated') {
        const captured = isDispatched(stage) ? total : 0;
        return describeMoney({ authorized: total, voided: 0, captured, refunded: order.refundedMinor });
      }
      const authorized = payment?.authorizedMinor ? total : 0;
      return describeMoney({ authorized, voided: authorized, captured: 0, refunded: 0 });
    },
    found: ({ payment }) => describeMoney(recordedWithManual(payment)),
  },
  {
    // Compared with our own payment ledger, which the rule above compares with the order.
    name: 'processor-ledger',
    expected: ({ payment }) => describeMoney(recordedMoney(payment)),
    found: ({ processor }) => describeMoney(processorMoney(processor)),
  },
  {
    // Prints only the lines that differ: an order has up to 2,000.
    name: 'stock-ledger',
    expected: (account, stage) => differingGoods(expectedGoods(account, stage), recordedGoods(account.stock)),
    found: (account, stage) => differingGoods(recordedGoods(account.stock), expectedGoods(account, stage)),
  },
  {
    name: 'shipment',
    expected: expectedShipments,
    found: foundShipments,
  },
  {
    // Compared with our own shipments, as above.
    name: 'carrier-ledger',
    expected: expectedAtCarrier,
    found: foundAtCarrier,
  },
  {
    name: 'tracking-number',
    expected: expectedNumbers,
    found: foundNumbers,
  },
];
