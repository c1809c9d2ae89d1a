import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { FailedCapture, PaymentActivities } from '../../../activities/payment.ts';
import type { FakeProcessor } from '../../stage/fake-card-processor.ts';
import { pounds } from '../../stage/test-payment-service.ts';

// What may happen to the money of an order: what workflows ask for, and what processors and the network do.

export const TOTAL = 1_000;
/** What each parcel costs: together the order's total. */
export const PARCELS = [400, 350, 250] as const;
/** Refunds that only together, and only of several holds, reach what may be captured. */
const REFUNDS = [500, 300, 150, 100] as const;

export type Act =
  | { act: 'authorize' }
  | { act: 'void' }
  | { act: 'releaseReplaced' }
  | { act: 'releaseRest' }
  | { act: 'releaseLate' }
  | { act: 'capture'; parcel: number; outstanding: number | undefined }
  | { act: 'renew'; hold: number; amount: number; paymentMethod: string }
  | { act: 'refund'; refund: number }
  | { act: 'forgo'; refund: number }
  | { act: 'refundByHand'; refund: number }
  | { act: 'die'; step: 'authorize' | 'void' | 'capture' | 'refund'; when: 'before' | 'after' }
  | { act: 'expire'; hold: number }
  | { act: 'failRefund'; refund: number }
  | { act: 'failCapture'; capture: number }
  | { act: 'recapture'; failed: number; hold: number }
  | { act: 'forgoCapture'; failed: number }
  | { act: 'captureByHand'; failed: number };

const holds = fc.integer({ min: 0, max: 3 });
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ act: fc.constant('authorize' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('capture' as const),
      parcel: fc.integer({ min: 0, max: PARCELS.length - 1 }),
      outstanding: fc.constantFrom(TOTAL, TOTAL, 600, 400, undefined),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('renew' as const),
      hold: fc.integer({ min: 1, max: 3 }),
      amount: fc.constantFrom(250, 600, TOTAL),
      paymentMethod: fc.constantFrom('pm_card_visa', 'pm_card_visa', 'pm_card_chargeDeclined'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom('refund' as const, 'refund' as const, 'forgo' as const, 'refundByHand' as const),
      refund: fc.integer({ min: 0, max: REFUNDS.length - 1 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('releaseReplaced' as const, 'releaseLate' as const) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constantFrom('void' as const, 'releaseRest' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('die' as const),
      step: fc.constantFrom('authorize' as const, 'void' as const, 'capture' as const, 'refund' as const),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('expire' as const), hold: holds }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('failRefund' as const), refund: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('failCapture' as const), capture: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('recapture' as const), failed: fc.nat(3), hold: fc.nat(1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constantFrom('forgoCapture' as const, 'captureByHand' as const),
      failed: fc.nat(3),
    }),
  },
);

/** Rounds of acts; those of one round run at once. */
export const plays = fc.array(fc.array(acts, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 8 });
export const placed = fc.constantFrom<Act[]>([{ act: 'authorize' }], [{ act: 'authorize' }], []);

export interface Stage {
  orderId: string;
  holds: string[];
  parcels: string[];
  refunds: string[];
  /** The captures that failed, each with those that take its place. */
  failed: { captureId: string; holds: string[]; amount: ReturnType<typeof pounds> }[];
  /** The events of the processor. */
  events: string[];
  processor: FakeProcessor;
  receive: (event: string) => Promise<unknown>;
}

export const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

type Performers = {
  [Name in Act['act']]: (
    payment: PaymentActivities,
    stage: Stage,
    act: Extract<Act, { act: Name }>,
  ) => Promise<unknown> | void;
};

const PERFORM: Performers = {
  authorize: (payment, { orderId }) =>
    payment.authorizePayment({ orderId, amount: pounds(TOTAL), paymentMethod: 'pm_card_visa' }),
  capture(payment, { orderId, parcels }, { parcel, outstanding }) {
    const amounts = { amount: pounds(PARCELS[parcel]!), ...(outstanding && { outstanding: pounds(outstanding) }) };
    return payment.capturePayment({ orderId, parcelId: parcels[parcel], ...amounts });
  },
  renew: (payment, { orderId, holds: known }, { hold, amount, paymentMethod }) =>
    payment.renewHold({ orderId, holdId: known[hold]!, amount: pounds(amount), paymentMethod }),
  refund: (payment, stage, { refund }) => payment.refundPayment(refundOf(stage, refund)),
  forgo: (payment, stage, { refund }) => payment.forgoRefund(refundOf(stage, refund)),
  refundByHand: (payment, stage, { refund }) => payment.recordManualRefund(refundOf(stage, refund)),
  void: (payment, { orderId }) => payment.voidPayment({ orderId }),
  releaseReplaced: (payment, { orderId }) => payment.releaseReplacedHolds({ orderId }),
  releaseRest: (payment, { orderId }) => payment.releaseRest({ orderId }),
  releaseLate: (payment, { orderId }) => payment.releaseLateHold({ orderId }),
  die: (_payment, { processor }, { step, when }) =>
    when === 'before' ? processor.dieBefore(step) : processor.dieAfter(step),
  expire: (_payment, { orderId, holds: known, processor }, { hold }) => processor.expire(orderId, known[hold]),
  async failCapture(_payment, { orderId, processor, events, receive, failed }, { capture }) {
    const captures = processor.ledger.flatMap((entry, index) =>
      entry.type === 'capture' && entry.amountMinor > 0 ? [{ ...entry, index }] : [],
    );
    const chosen = captures[capture % captures.length];
    if (!chosen) return;
    processor.failCapture(`capture-${chosen.index + 1}`);
    failed.push({ captureId: randomUUID(), holds: ids(2), amount: pounds(chosen.amountMinor) });
    // What was left of the hold is gone with it.
    events.push(`${orderId} ${chosen.holdId} captures`, `${orderId} ${chosen.holdId} expired`);
    await receive(events.at(-2)!);
  },
  recapture: (payment, stage, { failed, hold }) =>
    withFailed(stage, failed, (capture, known) => payment.recapturePayment({ ...capture, holdId: known[hold]! })),
  forgoCapture: (payment, stage, { failed }) => withFailed(stage, failed, (capture) => payment.forgoCapture(capture)),
  captureByHand: (payment, stage, { failed }) =>
    withFailed(stage, failed, (capture) => payment.recordManualCapture(capture)),
  async failRefund(_payment, { orderId, processor, events, receive }, { refund }) {
    const refunds = processor.ledger.flatMap((entry, index) =>
      entry.type === 'refund' && entry.amountMinor > 0 ? [{ ...entry, index }] : [],
    );
    const failed = refunds[refund % refunds.length];
    if (!failed) return;
    const id = `refund-${failed.index + 1}`;
    processor.failRefund(id);
    events.push(`${orderId} ${failed.holdId} ${id}`);
    await receive(events.at(-1)!);
  },
};

/** What the processor does by itself is not repeated. */
export const OUTSIDE: readonly Act['act'][] = ['die', 'expire', 'failRefund', 'failCapture'];

export const perform = async (payment: PaymentActivities, stage: Stage, act: Act): Promise<unknown> =>
  PERFORM[act.act](payment, stage, act as never);

/** Does this with a capture that has failed, if one has. */
async function withFailed(
  { orderId, failed }: Stage,
  index: number,
  work: (capture: FailedCapture, holds: string[]) => Promise<unknown>,
): Promise<unknown> {
  const chosen = failed[index % failed.length];
  return chosen && work({ orderId, captureId: chosen.captureId, amount: chosen.amount }, chosen.holds);
}

const refundOf = ({ orderId, refunds }: Stage, refund: number) => ({
  orderId,
  refundId: refunds[refund]!,
  amount: pounds(REFUNDS[refund]!),
});
