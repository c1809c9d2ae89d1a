import type { Account, CarrierItem, ProcessorItem } from './account.ts';
import { type Stage, hasLeft, stageOf } from './stage.ts';
import { bookedGoods, bookedMoney, dueGoods, goodsThatDiffer, ledgersOf, money, processedMoney } from './sums.ts';

/** Something that is not as it must be. */
export interface Finding {
  rule: string;
  expected: string;
  found: string;
}

/** What must hold of an order's account. `expected` and `found` say the same where it does. */
interface Rule {
  name: string;
  expected: (account: Settled, stage: Stage) => string;
  found: (account: Settled, stage: Stage) => string;
}

/** An account with an order of ours. */
type Settled = Account & { order: NonNullable<Account['order']> };

/** Every rule that is broken. An order that is under way is held only to what must hold at any time. */
export function judge(account: Account): Finding[] {
  const { order } = account;
  if (!order) return [{ rule: 'order-exists', expected: 'an order of ours', found: `only ${ledgersOf(account)}` }];
  const settled: Settled = { ...account, order };
  const stage = stageOf(order);
  return [...ALWAYS, ...(stage === 'underWay' ? [] : SETTLED)]
    .map(({ name, expected, found }) => ({
      rule: name,
      expected: expected(settled, stage),
      found: found(settled, stage),
    }))
    .filter(({ expected, found }) => expected !== found);
}

const once = (name: string, count: (account: Account) => number): Rule => ({
  name,
  expected: () => 'at most 1',
  found: (account) => (count(account) <= 1 ? 'at most 1' : String(count(account))),
});
const entered = (type: ProcessorItem['type']) => (account: Account) =>
  account.processor.filter((item) => item.type === type).length;
const moved = (type: CarrierItem['type']) => (account: Account) =>
  account.carrier.filter((item) => item.type === type).length;

/** What must hold of every order at any time. */
const ALWAYS: readonly Rule[] = [
  once('authorized-once', entered('authorization')),
  once('captured-once', entered('capture')),
  once('voided-once', entered('void')),
  once('booked-once', moved('booking')),
  once('booking-canceled-once', moved('cancellation')),
  once('dispatched-once', moved('dispatch')),
  once('delivered-once', moved('delivery')),
  {
    name: 'currency',
    expected: ({ order }) => order.total.currency,
    found: ({ order, payment, processor }) => {
      const booked = payment && payment.authorizedMinor > 0 ? [payment.currency] : [];
      return [...new Set([order.total.currency, ...booked, ...processor.map(({ currency }) => currency)])].join(', ');
    },
  },
  {
    name: 'captured-only-after-dispatch',
    expected: () => 'no capture without a dispatch',
    found: (account) =>
      entered('capture')(account) > 0 && moved('dispatch')(account) === 0
        ? 'a capture without a dispatch'
        : 'no capture without a dispatch',
  },
];

/** What must hold of every order that nothing is being done to. */
const SETTLED: readonly Rule[] = [
  {
    name: 'payment-status',
    expected: ({ order, payment }, stage) => {
      if (stage === 'undone') return payment?.authorizedMinor ? 'canceled' : 'not_paid or canceled';
      if (!hasLeft(stage)) return 'authorized';
      if (order.refundedMinor === 0) return 'captured';
      return order.refundedMinor < order.total.amountMinor ? 'partially_refunded' : 'refunded';
    },
    found: ({ order: { paymentStatus }, payment }, stage) => {
      const unpaid = paymentStatus === 'not_paid' || paymentStatus === 'canceled';
      return stage === 'undone' && unpaid && !payment?.authorizedMinor ? 'not_paid or canceled' : paymentStatus;
    },
  },
  {
    name: 'payment-ledger',
    expected: ({ order, payment }, stage) => {
      const total = order.total.amountMinor;
      if (stage !== 'undone') {
        const captured = hasLeft(stage) ? total : 0;
        return money({ authorized: total, voided: 0, captured, refunded: order.refundedMinor });
      }
      const authorized = payment?.authorizedMinor ? total : 0;
      return money({ authorized, voided: authorized, captured: 0, refunded: 0 });
    },
    found: ({ payment }) => money(bookedMoney(payment)),
  },
  {
    // Against our own ledger; that in turn is held against the order by the rule above.
    name: 'processor-ledger',
    expected: ({ payment }) => money(bookedMoney(payment)),
    found: ({ processor }) => money(processedMoney(processor)),
  },
  {
    // Only the lines that differ: an order has up to 2,000.
    name: 'stock-ledger',
    expected: ({ order, stock }, stage) => goodsThatDiffer(dueGoods(order, stock, stage), bookedGoods(stock)),
    found: ({ order, stock }, stage) => goodsThatDiffer(bookedGoods(stock), dueGoods(order, stock, stage)),
  },
  {
    name: 'shipment',
    expected: ({ shipment }, stage) => {
      if (stage === 'undone') return shipment ? 'canceled' : 'none';
      return stage === 'awaitingDispatch' ? 'booked' : stage;
    },
    found: ({ shipment }) => shipment?.status ?? 'none',
  },
  {
    // Against our own shipments, as above.
    name: 'carrier-ledger',
    expected: ({ shipment, carrier }) => {
      switch (shipment?.status ?? 'none') {
        case 'booked':
          return 'booking';
        case 'dispatched':
          return 'booking, dispatch';
        case 'delivered':
          return 'booking, dispatch, delivery';
        default:
          // A booking that never reached the carrier leaves nothing there to be canceled.
          return carrier.some(({ type }) => type === 'booking') ? 'booking, cancellation' : 'nothing';
      }
    },
    found: ({ carrier }) => TYPES.filter((type) => carrier.some((item) => item.type === type)).join(', ') || 'nothing',
  },
  {
    name: 'tracking-number',
    expected: ({ order, shipment }) => order.trackingNumber ?? shipment?.trackingNumber ?? 'none',
    found: ({ order, shipment, carrier }) => {
      const numbers = [order.trackingNumber, shipment?.trackingNumber, ...carrier.map((item) => item.trackingNumber)];
      return [...new Set(numbers.filter((number) => number != null))].join(', ') || 'none';
    },
  },
];

const TYPES = ['booking', 'cancellation', 'dispatch', 'delivery'] as const;
