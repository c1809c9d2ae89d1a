import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { PaymentActivities } from '../../../activities/payment.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { type FakeProcessor, createFakeProcessor } from '../../stage/fake-card-processor.ts';
import { paymentBench, pounds } from '../../stage/test-payment-service.ts';

const PLAYS = Number(process.env.PLAYS ?? 30);

const TOTAL = 1_000;
/** What each parcel costs: together the order's total. */
const PARCELS = [400, 350, 250] as const;
/** Refunds that only together, and only of several holds, reach what may be captured. */
const REFUNDS = [500, 300, 150, 100] as const;

type Act =
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
  | { act: 'failRefund'; refund: number };

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
);

/** Rounds of acts; those of one round run at once. */
const plays = fc.array(fc.array(acts, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 8 });
const placed = fc.constantFrom<Act[]>([{ act: 'authorize' }], [{ act: 'authorize' }], []);

// Faults that a workflow retries. Anything else that is no refusal is a bug.
const RETRIED = /socket hang up|is under way|it is not known whether|timeout exceeded when trying to connect/;
// A workflow never does these; the service must not be fooled by them either.
const BUGS_OF_CALLERS = /with different terms|with a different amount|was never requested/;

describe('the money of an order, in any order of events', () => {
  const bench = paymentBench();

  for (const capturesSeveralTimes of [true, false]) {
    const processorKind = capturesSeveralTimes ? 'several times' : 'once';

    it(`is exact at a processor that captures ${processorKind}`, async function () {
      this.timeout(60_000 + PLAYS * 2_000);
      await fc.assert(
        fc.asyncProperty(placed, plays, (first, rounds) => play([first, ...rounds], capturesSeveralTimes)),
        { numRuns: PLAYS, endOnFailure: process.env.PLAYS !== undefined },
      );
    });
  }

  async function play(rounds: Act[][], capturesSeveralTimes: boolean): Promise<void> {
    const processor = createFakeProcessor({ capturesSeveralTimes });
    const requests = createPaymentRequests({ db: bench.database.db, processor });
    const receive = (payload: string) => requests.receiveEvent({ payload, signature: 'right' });
    const events: string[] = [];
    const stage = {
      orderId: randomUUID(),
      holds: ids(4),
      parcels: ids(3),
      refunds: ids(4),
      events,
      processor,
      receive,
    };
    stage.holds[0] = stage.parcels[0] = stage.orderId;
    const payment = createPaymentActivities({ db: bench.database.db, processor });
    const calls: (() => Promise<unknown>)[] = [];
    for (const round of rounds) {
      const made = round.map((act) => () => perform(payment, stage, act));
      calls.push(...made.filter((_, index) => !['die', 'expire', 'failRefund'].includes(round[index]!.act)));
      await Promise.all(made.map(tolerate));
      await checkLimits(processor);
    }
    processor.dieNoMore();
    // Whatever was interrupted is repeated until its outcome is known.
    const told = events.map((event) => () => receive(event));
    for (let repeat = 0; repeat < 3; repeat++) for (const call of [...calls, ...told]) await tolerate(call);
    await checkLimits(processor, { interrupted: false });
    await checkSums(stage.orderId, processor);
    checkSteps(stage, capturesSeveralTimes);
  }

  async function tolerate(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      const { name, message } = error as Error;
      if (name !== 'Refusal' && !RETRIED.test(message) && !BUGS_OF_CALLERS.test(message)) throw error;
    }
  }

  /**
   * At any time: what the processor did is within its own limits. Where a last capture was interrupted before it has released
   * the rest, that is still held until the capture is repeated.
   */
  async function checkLimits(processor: FakeProcessor, { interrupted = true } = {}): Promise<void> {
    const sum = (type: string) =>
      processor.ledger
        .filter((entry) => entry.type === type)
        .reduce((total, { amountMinor }) => total + amountMinor, 0);
    assert.ok(sum('capture') <= TOTAL, 'charged more than the order costs');
    assert.ok(sum('refund') <= sum('capture'), 'refunded more than was captured');
    assert.ok(sum('capture') + sum('void') <= sum('authorize'));
    const { discrepancies } = await createPaymentRequests({ db: bench.database.db, processor }).checkBalances({});
    const isTransient = (line: string) => interrupted && line.includes(' still held although nothing more is captured');
    assert.deepEqual(
      discrepancies.filter((line) => !isTransient(line)),
      [],
    );
  }

  /** Once every outcome is known, the processor's ledger, ours and the payment agree. */
  async function checkSums(orderId: string, processor: FakeProcessor): Promise<void> {
    const { db } = bench.database;
    const payment = await db.selectFrom('payments').selectAll().where('order_id', '=', orderId).executeTakeFirst();
    const open = await db
      .selectFrom('operations')
      .select('step')
      .where('order_id', '=', orderId)
      .where('state', '=', 'asked')
      // One that came after a void is refused without asking; the void has found what it held.
      .where('step', 'not like', 'authorize%')
      .execute();
    assert.deepEqual(open, [], 'a step without an outcome');
    const sum = (type: string) =>
      processor.ledger
        .filter((entry) => entry.type === type)
        .reduce((total, { amountMinor }) => total + amountMinor, 0);
    assert.deepEqual(
      [payment?.authorized_minor, payment?.voided_minor, payment?.captured_minor, payment?.refunded_minor].map(Number),
      payment ? [sum('authorize'), sum('void'), sum('capture'), sum('refund')] : [NaN, NaN, NaN, NaN],
    );
    const isOver = payment?.undone || payment?.status === 'captured';
    if (isOver) assert.equal(processor.held(orderId), 0, 'held although nothing more is captured');
    const events = await db.selectFrom('outbox').select(['type', 'data']).where('subject', '=', orderId).execute();
    const told = (type: string) =>
      events
        .filter((event) => event.type === `payment.${type}`)
        .map(({ data }) => data as { amount: { amountMinor: number }; manually?: boolean })
        .filter(({ manually }) => !manually)
        .reduce((total, { amount }) => total + amount.amountMinor, 0);
    const refunded = told('refunded') - told('refund_failed');
    assert.deepEqual(
      [...['authorized', 'voided', 'captured'].map(told), refunded],
      [sum('authorize'), sum('void'), sum('capture'), sum('refund')],
    );
  }

  /** Each step has taken effect at most once, and each parcel has cost what it costs. */
  function checkSteps({ orderId, parcels, processor }: Stage, capturesSeveralTimes: boolean): void {
    const stepOf = (key: string) => key.slice(orderId.length + 1).replace(/#\d+$/, '');
    const steps = processor.ledger
      .filter(({ type, key }) => type !== 'void' && key !== '')
      .map(({ key }) => stepOf(key));
    assert.equal(new Set(steps).size, steps.length, steps.join());
    for (const entry of processor.ledger.filter(({ type }) => type === 'capture' && capturesSeveralTimes)) {
      const step = stepOf(entry.key);
      const parcel = step === 'capture' ? 0 : parcels.indexOf(step.slice('capture:'.length));
      assert.equal(entry.amountMinor, PARCELS[parcel]);
    }
    const voids = processor.ledger.filter(({ type }) => type === 'void').map(({ holdId }) => holdId);
    assert.equal(new Set(voids).size, voids.length, 'a hold was released twice');
  }
});

interface Stage {
  orderId: string;
  holds: string[];
  parcels: string[];
  refunds: string[];
  /** The events of the processor. */
  events: string[];
  processor: FakeProcessor;
  receive: (event: string) => Promise<unknown>;
}

const ids = (count: number): string[] => Array.from({ length: count }, () => randomUUID());

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

const perform = async (payment: PaymentActivities, stage: Stage, act: Act): Promise<unknown> =>
  PERFORM[act.act](payment, stage, act as never);

const refundOf = ({ orderId, refunds }: Stage, refund: number) => ({
  orderId,
  refundId: refunds[refund]!,
  amount: pounds(REFUNDS[refund]!),
});
