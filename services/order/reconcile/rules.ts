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
import { type Stage, isDispatched, isPaymentTakenOver, stageOf } from './stage.ts';
import {
  type MoneyTotals,
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
  /** The ledgers without which it says nothing. */
  needs?: readonly OutsideName[];
  /** It says nothing about money that a person has taken over. */
  aboutPayment?: true;
}

/** A ledger outside of the platform, which perhaps cannot be read. */
export type OutsideName = 'processor' | 'carrier';

/**
 * Returns every rule that does not hold. For an order in progress only the rules that hold at any time are checked, and
 * none that needs one of the `missing` ledgers.
 */
export function checkRules(account: Account, missing: readonly OutsideName[] = []): Finding[] {
  const { order } = account;
  if (!order && isBeingPlaced(account)) return [];
  if (!order)
    return [
      { rule: 'order-exists', expected: 'an order in the order service', found: `only ${describeLedgers(account)}` },
    ];
  const known: OrderAccount = { ...account, order };
  const stage = stageOf(order);
  const takenOver = isPaymentTakenOver(order);
  return [...ALWAYS, ...(stage === 'inProgress' ? [] : WHEN_IDLE)]
    .filter(({ needs = [] }) => !needs.some((ledger) => missing.includes(ledger)))
    .filter(({ aboutPayment = false }) => !(aboutPayment && takenOver))
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

/** The rules that are not checked, or not of every order, while these ledgers cannot be read. */
export const rulesWithout = (missing: readonly OutsideName[]): string[] => [
  ...(missing.length > 0 ? ['order-exists'] : []),
  ...[...ALWAYS, ...WHEN_IDLE]
    .filter(({ needs = [] }) => needs.some((ledger) => missing.includes(ledger)))
    .map(({ name }) => name),
];

const atMostOnce = (name: string, needs: OutsideName, count: (account: Account) => number): Rule => ({
  name,
  needs: [needs],
  expected: () => 'at most 1',
  found: (account) => (count(account) <= 1 ? 'at most 1' : String(count(account))),
});
/** Money may be held several times and captured in parts; these limits hold for the sums, whatever is under way. */
const atMost = (name: string, sum: (money: MoneyTotals) => number, limit: (account: OrderAccount) => number): Rule => ({
  name,
  needs: ['processor'],
  expected: (account) => `at most ${limit(account)}`,
  found: (account) => {
    const found = sum(processorMoney(account.processor));
    return found <= limit(account) ? `at most ${limit(account)}` : String(found);
  },
});
const countAtProcessor = (type: ProcessorItem['type']) => (account: Account) =>
  account.processor.filter((item) => item.type === type).length;

/** The rules that hold for every order at any time. */
const ALWAYS: readonly Rule[] = [
  atMost(
    'captured-within-total',
    ({ captured }) => captured,
    ({ order }) => order.total.amountMinor,
  ),
  atMost(
    'released-within-authorized',
    ({ captured, voided }) => captured + voided,
    ({ processor }) => processorMoney(processor).authorized,
  ),
  atMost(
    'refunded-within-captured',
    ({ refunded }) => refunded,
    ({ processor }) => processorMoney(processor).captured,
  ),
  atMostOnce('booked-once', 'carrier', mostAtCarrier('booking')),
  atMostOnce('booking-canceled-once', 'carrier', mostAtCarrier('cancellation')),
  atMostOnce('dispatched-once', 'carrier', mostAtCarrier('dispatch')),
  atMostOnce('delivered-once', 'carrier', mostAtCarrier('delivery')),
  atMostOnce('returned-to-sender-once', 'carrier', mostAtCarrier('return')),
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
    needs: ['processor', 'carrier'],
    expected: () => 'no capture without a dispatch',
    found: (account) =>
      countAtProcessor('capture')(account) > 0 && mostAtCarrier('dispatch')(account) === 0
        ? 'a capture without a dispatch'
        : 'no capture without a dispatch',
  },
];

/** An older order service does not say what was captured: it captures everything at once. */
const capturedOf = ({ capturedMinor, total }: OrderAccount['order']): number => capturedMinor ?? total.amountMinor;

/**
 * What of the holds must be released. Where pieces were canceled, the rest of a hold is released with the last capture. What people
 * have got in another way was released before.
 */
function releasedOf(
  { order, payment }: Pick<OrderAccount, 'order' | 'payment'>,
  { authorized, captured }: { authorized: number; captured: number },
): number {
  const more = captured === 0 || order.paymentStatus === 'partially_captured';
  const byHand = payment?.manuallyCapturedMinor ?? 0;
  if (!more) return authorized - captured + byHand;
  // A renewed hold leaves out what was canceled before.
  const least = authorized - order.total.amountMinor;
  return Math.min(Math.max(payment?.voidedMinor ?? 0, least), least + (order.canceledMinor ?? 0) + byHand);
}

/** The rules that hold for every order that is not in progress. */
const WHEN_IDLE: readonly Rule[] = [
  {
    name: 'payment-status',
    aboutPayment: true,
    expected: ({ order, payment }, stage) => {
      if (stage === 'compensated') return payment?.authorizedMinor ? 'canceled' : 'not_paid or canceled';
      if (!isDispatched(stage)) return 'authorized';
      const captured = capturedOf(order);
      if (order.paymentStatus === 'partially_captured' && captured < order.total.amountMinor)
        return 'partially_captured';
      if (order.refundedMinor === 0) return 'captured';
      return order.refundedMinor < captured ? 'partially_refunded' : 'refunded';
    },
    found: ({ order: { paymentStatus }, payment }, stage) => {
      const unpaid = paymentStatus === 'not_paid' || paymentStatus === 'canceled';
      return stage === 'compensated' && unpaid && !payment?.authorizedMinor ? 'not_paid or canceled' : paymentStatus;
    },
  },
  {
    name: 'payment-ledger',
    aboutPayment: true,
    expected: ({ order, payment }, stage) => {
      const total = order.total.amountMinor;
      // More where the hold was renewed: then the older holds are released.
      const authorized = Math.max(total, payment?.authorizedMinor ?? 0);
      if (stage !== 'compensated') {
        const captured = isDispatched(stage) ? capturedOf(order) : 0;
        const voided = releasedOf({ order, payment }, { authorized, captured });
        return describeMoney({ authorized, voided, captured, refunded: order.refundedMinor });
      }
      const released = payment?.authorizedMinor ? authorized : 0;
      return describeMoney({ authorized: released, voided: released, captured: 0, refunded: 0 });
    },
    found: ({ payment }) => describeMoney(recordedWithManual(payment)),
  },
  {
    // Compared with our own payment ledger, which the rule above compares with the order.
    name: 'processor-ledger',
    aboutPayment: true,
    needs: ['processor'],
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
    needs: ['carrier'],
    expected: expectedAtCarrier,
    found: foundAtCarrier,
  },
  {
    name: 'tracking-number',
    expected: expectedNumbers,
    found: foundNumbers,
  },
];
