import type { Kysely, RawBuilder } from 'kysely';
import { paymentRefusal } from '../../activities/payment.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type Asked, type StartedAttempt, askedOf, beginAttempt, findOperation, storeAttempt } from './attempt.ts';
import { customerOfOrder } from './customers.ts';
import type { Hold, Operation, Payment, PaymentDatabase, PaymentTransaction } from './database.ts';
import { heldOf, holdOf, isUsedBefore } from './holds.ts';
import type { Effects } from './ledger.ts';
import { type PaymentOutcome, recordOutcome } from './outcome.ts';
import { lockPayment, noteHolderAsked, saveReference } from './payments.ts';
import type { AwaitsCustomer, CardProcessor, CardRequest, Receipt } from './processor.ts';

/** One step of one payment: what our records must allow, the request to the processor, and the effects of its response. */
export interface PaymentStep {
  orderId: string;
  /**
   * Identifies the order's step, never the attempt: `authorize`, `void`, `release`, `capture`, each also with `:<id>` for a
   * later hold or parcel, `rest`, `refund:<refundId>`.
   */
  name: string;
  /** A declined card stays declined. Any other refused step may be requested again, under a new key. */
  refusalIsFinal: boolean;
  /** What a repeat must ask for as well; absent: whatever the first request asked for. */
  amountMinor?: number | undefined;
  /** How the step begins in one statement if nothing speaks against it: see `beginAttempt`. */
  begin?: Beginning;
  /** Locks the payment, so that the steps of one order run one at a time. Refuses if there is no such payment. */
  lock(transaction: PaymentTransaction): Promise<Payment>;
  /** The refusal that our records require, whatever the processor says. */
  overridingRefusal(payment: Payment, earlier?: Operation): Refusal | undefined;
  /**
   * What to ask the processor for, in a first attempt or in one after a refusal. Refuses what our records rule out, and
   * records what must be stored before the processor is called, apart from the attempt and what it reserves.
   */
  plan(transaction: PaymentTransaction, payment: Payment, earlier?: Operation): Promise<Planned>;
  buildRequest(target: Target, key: string): CardRequest;
  /** What the processor's response changes. */
  effectsOfReceipt(payment: Payment, asked: Asked, receipt: Receipt): Effects;
  effectsOfRefusal(payment: Payment, asked: Asked, refusal: Refusal): Effects;
}

/** What a request to the processor is about. */
export interface Target {
  payment: Payment;
  hold: Hold;
  asked: Asked;
}

/** A step's first attempt, with the payment as the step has made it. */
export interface Planned {
  payment: Payment;
  asked: Asked;
}

export interface Beginning {
  /** A query that returns the payment, locked, with whatever must be stored before the processor is called. */
  payment: RawBuilder<unknown>;
  amountMinor: RawBuilder<unknown>;
  /** Of a capture: what the processor is asked for, which is reserved, and whether it releases the rest. */
  capture?: { askedMinor: RawBuilder<unknown>; final: RawBuilder<unknown> };
}

export interface PaymentDependencies {
  db: Kysely<PaymentDatabase>;
  processor: CardProcessor;
}

/** A step's outcome, now or in an earlier request. `payment` is as it was just before that was recorded, or as it is now. */
export interface Finished {
  payment: Payment;
  asked: Asked;
  outcome: PaymentOutcome | AwaitsCustomer;
}

/** The receipt, or what the card's holder must do. Throws a refusal. */
export function answerOf({ outcome }: Pick<Finished, 'outcome'>): Receipt | AwaitsCustomer {
  if ('refusal' in outcome) throw outcome.refusal;
  return 'customerAction' in outcome ? outcome : outcome.receipt;
}

/**
 * Has the processor carry out one step at most once: record the attempt, call the processor, then record the outcome
 * together with all its effects. The call is outside both transactions. If the process dies in between, the outcome
 * is unknown, and the next request for the step first looks it up at the processor. While the card's holder must act
 * there is no outcome either, and the next request looks again.
 */
export async function carryOut(dependencies: PaymentDependencies, step: PaymentStep): Promise<Finished> {
  const { db } = dependencies;
  const started =
    (await beginAttempt(db, step)) ?? (await db.transaction().execute((transaction) => startStep(transaction, step)));
  if ('outcome' in started) return started;
  return finishAttempt(dependencies, step, started);
}

async function finishAttempt(
  dependencies: PaymentDependencies,
  step: PaymentStep,
  started: StartedAttempt,
): Promise<Finished> {
  const { payment, asked } = started;
  const answer = await callProcessor(dependencies, step, started);
  if (!('customerAction' in answer)) return { asked, ...(await saveOutcome(dependencies.db, step, started, answer)) };
  await noteHolderAsked(dependencies.db, holdOf(payment, asked.holdId));
  return { payment, asked, outcome: answer };
}

/** Starts an attempt, or returns the outcome of an earlier one. */
async function startStep(transaction: PaymentTransaction, step: PaymentStep): Promise<StartedAttempt | Finished> {
  const payment = await step.lock(transaction);
  const earlier = await findOperation(transaction, step.orderId, step.name);
  const refusal = step.overridingRefusal(payment, earlier);
  const known = earlier && { payment, asked: askedOf(earlier) };
  if (refusal) return { payment, asked: { holdId: step.orderId, amountMinor: 0 }, ...known, outcome: { refusal } };
  if (earlier && known) {
    const outcome = outcomeOf(step, earlier);
    if (outcome) return { ...known, outcome };
    if (earlier.state === 'asked') return { ...known, attempt: earlier.attempt, outcomeUnknown: true };
  }
  const planned = await step.plan(transaction, payment, earlier);
  const attempt = (earlier?.attempt ?? 0) + 1;
  const stored = await storeAttempt(transaction, step, { ...planned, attempt });
  return { payment: stored, asked: planned.asked, attempt, outcomeUnknown: false };
}

/** What an earlier request for this step has led to; undefined if it may be asked for again, or its outcome is unknown. */
function outcomeOf(step: PaymentStep, earlier: Operation): PaymentOutcome | undefined {
  if (step.amountMinor !== undefined && earlier.amount_minor !== step.amountMinor) {
    throw new Error(`${step.name} of order ${step.orderId} was already requested with a different amount`);
  }
  if (earlier.state === 'given_up') return { refusal: givenUp(step) };
  // What the processor has taken back since was done: its failure is told apart from this request.
  if (earlier.state === 'done' || earlier.state === 'failed') return { receipt: { id: earlier.receipt_id } };
  if (earlier.state === 'refused' && step.refusalIsFinal) {
    return { refusal: new Refusal(earlier.refusal_code!, earlier.refusal_message ?? '') };
  }
  return undefined;
}

/** A person has decided that the processor shall not do it, also not late. */
const givenUp = ({ name }: PaymentStep): Refusal =>
  name.startsWith('capture')
    ? paymentRefusal('CaptureRefused', 'this capture was given up')
    : paymentRefusal('RefundRefused', 'this refund was given up');

async function callProcessor(
  { db, processor }: PaymentDependencies,
  step: PaymentStep,
  { payment, asked, attempt, outcomeUnknown }: StartedAttempt,
): Promise<PaymentOutcome | AwaitsCustomer> {
  // A new key for each attempt after a refusal: under the old key the processor would only repeat the refusal.
  const key = `${step.orderId}:${step.name}${attempt > 1 ? `#${attempt}` : ''}`;
  const hold = holdOf(payment, asked.holdId);
  try {
    const reference = hold.reference ?? (await openHold({ db, processor }, step, { payment, hold, asked }));
    const request = step.buildRequest({ payment, hold: { ...hold, reference }, asked }, key);
    if (movesNothing(request, hold)) return { receipt: { id: null } };
    // A later attempt of a capture must not charge again what an earlier one, under another key, has captured after all.
    const mayBeDone = outcomeUnknown || (request.step === 'capture' && attempt > 1);
    const earlier = mayBeDone ? await processor.find(request) : undefined;
    // Each method of the port takes the request of the same name; TypeScript cannot see this through the union.
    const answer = earlier ?? (await processor[request.step](request as never));
    return 'customerAction' in answer ? answer : { receipt: answer };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refusal: error };
  }
}

/** A step that costs nothing moves no money, and processors refuse such requests. Nor does the rest of a hold that has none. */
const movesNothing = (request: CardRequest, hold: Hold): boolean =>
  request.step === 'void'
    ? request.rest && hold.authorized_minor > 0 && heldOf(hold) === 0
    : request.amount.amountMinor === 0;

/** Opens the hold at the processor. The processor's reference is saved before any money can move. */
async function openHold(
  { db, processor }: PaymentDependencies,
  step: PaymentStep,
  target: Target,
): Promise<string | null> {
  const { hold, payment } = target;
  const { currency } = payment;
  const { order_id: orderId, hold_id: holdId, amount_minor: amountMinor, payment_method: paymentMethod } = hold;
  if (!amountMinor || currency === null || paymentMethod === null) return null;
  try {
    const known = hold.user_customer ?? payment.customer;
    const isNew = known === null && processor.needsCustomers;
    const customer = isNew ? await customerOfOrder({ db, processor }, orderId) : known;
    const usedBefore = isUsedBefore(payment, hold);
    const amount = { amountMinor, currency };
    const reference = await processor.open({ orderId, holdId, amount, paymentMethod, customer, usedBefore });
    return reference && (await saveReference(db, hold, reference));
  } catch (error) {
    // A hold that cannot be opened holds no money, so there is nothing to void.
    if (error instanceof Refusal && step.buildRequest(target, '').step === 'void') return null;
    throw error;
  }
}

/** Records the outcome and its effects once, even if several requests for the step are under way. */
async function saveOutcome(
  db: Kysely<PaymentDatabase>,
  step: PaymentStep,
  { payment: known, asked, attempt }: StartedAttempt,
  outcome: PaymentOutcome,
): Promise<Omit<Finished, 'asked'>> {
  const record = (work: Kysely<PaymentDatabase>, payment: Payment) => {
    const effects =
      'receipt' in outcome
        ? step.effectsOfReceipt(payment, asked, outcome.receipt)
        : step.effectsOfRefusal(payment, asked, outcome.refusal);
    return recordOutcome(work, payment, { step: step.name, attempt, outcome, effects });
  };
  if (await record(db, known)) return { payment: known, outcome };
  // Another request has changed the payment since, or has recorded this attempt.
  return db.transaction().execute(async (transaction) => {
    const payment = (await lockPayment(transaction, step.orderId))!;
    await record(transaction, payment);
    const overridingRefusal = step.overridingRefusal(payment);
    return { payment, outcome: overridingRefusal ? { refusal: overridingRefusal } : outcome };
  });
}
