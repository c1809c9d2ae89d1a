import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { type FakeProcessor, createFakeProcessor } from '../../stage/fake-card-processor.ts';
import { paymentBench } from '../../stage/test-payment-service.ts';
import { type Act, OUTSIDE, PARCELS, type Stage, TOTAL, ids, perform, placed, plays } from './interleaving-acts.ts';

const PLAYS = Number(process.env.PLAYS ?? 30);

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
      failed: [],
      events,
      processor,
      receive,
    };
    stage.holds[0] = stage.parcels[0] = stage.orderId;
    const payment = createPaymentActivities({ db: bench.database.db, processor });
    const calls: (() => Promise<unknown>)[] = [];
    for (const round of rounds) {
      const made = round.map((act) => () => perform(payment, stage, act));
      calls.push(...made.filter((_, index) => !OUTSIDE.includes(round[index]!.act)));
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
    const failed = processor.ledger
      .filter(({ key }) => key.endsWith(':failed'))
      .reduce((total, { amountMinor }) => total + amountMinor, 0);
    assert.ok(sum('refund') <= sum('capture') + failed, 'refunded more than was captured');
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
    const failed = told('capture_failed');
    assert.deepEqual(
      [told('authorized'), told('voided') + failed, told('captured') - failed, refunded],
      [sum('authorize'), sum('void'), sum('capture'), sum('refund')],
    );
  }

  /** Each step has taken effect at most once, and each parcel has cost what it costs. */
  function checkSteps({ orderId, parcels, processor, failed }: Stage, capturesSeveralTimes: boolean): void {
    const stepOf = (key: string) => key.slice(orderId.length + 1).replace(/#\d+$/, '');
    const steps = processor.ledger
      .filter(({ type, key }) => type !== 'void' && key !== '')
      .map(({ key }) => stepOf(key));
    assert.equal(new Set(steps).size, steps.length, steps.join());
    for (const entry of processor.ledger.filter(({ type }) => type === 'capture' && capturesSeveralTimes)) {
      const step = stepOf(entry.key);
      const id = step === 'capture' ? orderId : step.slice('capture:'.length);
      const again = failed.find(({ captureId }) => captureId === id);
      assert.equal(entry.amountMinor, again ? again.amount.amountMinor : PARCELS[parcels.indexOf(id)]);
    }
    const voids = processor.ledger
      .filter(({ type, key }) => type === 'void' && !key.endsWith(':failed'))
      .map(({ holdId }) => holdId);
    assert.equal(new Set(voids).size, voids.length, 'a hold was released twice');
  }
});
