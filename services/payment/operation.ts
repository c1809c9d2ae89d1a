import { type Kysely, type RawBuilder, sql } from 'kysely';
import { paymentRefusal } from '../../activities/payment.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Operation, Payment, PaymentDatabase, PaymentTransaction } from './database.ts';
import type { Effects } from './ledger.ts';
import { type PaymentOutcome, recordOutcome } from './outcome.ts';
import { lockPayment, noteHolderAsked, saveReference } from './payments.ts';
import type { AwaitsCustomer, CardProcessor, CardRequest, Receipt } from './processor.ts';

/** One step of one payment: what our records must allow, the request to the processor, and the effects of its response. */
export interface PaymentStep {
  orderId: string;
  /** Identifies the order's step, never the attempt: `authorize`, `void`, `release`, `capture`, `refund:<refundId>`. */
  name: string;
  /** A declined card stays declined. Any other refused step may be requested again, under a new key. */
  refusalIsFinal: boolean;
  /**
   * How the step begins in one statement if nothing speaks against it: a query that returns the payment, locked, with
   * whatever must be stored before the processor is called, and the amount to ask for.
   */
  begin?: { payment: RawBuilder<unknown>; amountMinor: RawBuilder<unknown> };
  /** Locks the payment, so that the steps of one order run one at a time. Refuses if there is no such payment. */
  lock(transaction: PaymentTransaction): Promise<Payment>;
  /** The refusal that our records require, whatever the processor says. */
  overridingRefusal(payment: Payment): Refusal | undefined;
  /** Refuses what our records rule out, and records what must be stored before the processor is called. */
  prepare(transaction: PaymentTransaction, payment: Payment): Promise<void>;
  buildRequest(payment: Payment, key: string): CardRequest;
  /** What the processor's response changes. */
  effectsOfReceipt(payment: Payment, receipt: Receipt): Effects;
  effectsOfRefusal(payment: Payment, refusal: Refusal): Effects;
}

export interface PaymentDependencies {
  db: Kysely<PaymentDatabase>;
  processor: CardProcessor;
}

interface StartedAttempt {
  payment: Payment;
  attempt: number;
  /** An earlier call to the processor was recorded as started, but its outcome was not. */
  outcomeUnknown: boolean;
}

/**
 * Has the processor carry out one step at most once: record the attempt, call the processor, then record the outcome
 * together with all its effects. The call is outside both transactions. If the process dies in between, the outcome
 * is unknown, and the next request for the step first looks it up at the processor. While the card's holder must act
 * there is no outcome either, and the next request looks again.
 */
export async function carryOut(
  { db, processor }: PaymentDependencies,
  step: PaymentStep,
): Promise<Receipt | AwaitsCustomer> {
  const started =
    (await beginStep(db, step)) ?? (await db.transaction().execute((transaction) => startStep(transaction, step)));
  const outcome = 'attempt' in started ? await finishAttempt({ db, processor }, step, started) : started;
  if ('refusal' in outcome) throw outcome.refusal;
  return 'customerAction' in outcome ? outcome : outcome.receipt;
}

async function finishAttempt(
  dependencies: PaymentDependencies,
  step: PaymentStep,
  started: StartedAttempt,
): Promise<PaymentOutcome | AwaitsCustomer> {
  const answer = await callProcessor(dependencies, step, started);
  if (!('customerAction' in answer)) return saveOutcome(dependencies.db, step, started, answer);
  await noteHolderAsked(dependencies.db, step.orderId);
  return answer;
}

/** Starts the first attempt in one statement; undefined if it takes a closer look. */
async function beginStep(db: Kysely<PaymentDatabase>, step: PaymentStep): Promise<StartedAttempt | undefined> {
  if (!step.begin) return undefined;
  const { rows } = await sql<Payment>`
    with payment as (${step.begin.payment}),
    operation as (
      insert into operations (order_id, step, state, amount_minor)
      select order_id, ${step.name}, 'asked', ${step.begin.amountMinor} from payment
      on conflict (order_id, step) do nothing
      returning order_id
    )
    select payment.* from payment join operation using (order_id)`.execute(db);
  const [payment] = rows;
  return payment && { payment, attempt: 1, outcomeUnknown: false };
}

/** Starts an attempt, or returns the outcome of an earlier one. */
async function startStep(transaction: PaymentTransaction, step: PaymentStep): Promise<StartedAttempt | PaymentOutcome> {
  const payment = await step.lock(transaction);
  const overridingRefusal = step.overridingRefusal(payment);
  if (overridingRefusal) return { refusal: overridingRefusal };
  const amountMinor = amountOf(step.buildRequest(payment, ''));
  if (await insertOperation(transaction, step, amountMinor)) {
    await step.prepare(transaction, payment);
    return { payment, attempt: 1, outcomeUnknown: false };
  }
  const earlier = await findOperation(transaction, step);
  if (earlier.amount_minor !== amountMinor) {
    throw new Error(`${step.name} of order ${step.orderId} was already requested with a different amount`);
  }
  if (earlier.state === 'given_up') return { refusal: paymentRefusal('RefundRefused', 'this refund was given up') };
  if (earlier.state === 'done') return { receipt: { id: earlier.receipt_id } };
  if (earlier.state === 'refused' && step.refusalIsFinal) {
    return { refusal: new Refusal(earlier.refusal_code!, earlier.refusal_message ?? '') };
  }
  if (earlier.state === 'asked') return { payment, attempt: earlier.attempt, outcomeUnknown: true };
  await step.prepare(transaction, payment);
  const attempt = earlier.attempt + 1;
  await reopenOperation(transaction, step, attempt);
  return { payment, attempt, outcomeUnknown: false };
}

async function callProcessor(
  { db, processor }: PaymentDependencies,
  step: PaymentStep,
  { payment, attempt, outcomeUnknown }: StartedAttempt,
): Promise<PaymentOutcome | AwaitsCustomer> {
  // A new key for each attempt after a refusal: under the old key the processor would only repeat the refusal.
  const key = `${step.orderId}:${step.name}${attempt > 1 ? `#${attempt}` : ''}`;
  try {
    const reference = payment.reference ?? (await openPayment({ db, processor }, payment, step));
    const request = step.buildRequest({ ...payment, reference }, key);
    // A step that costs nothing moves no money, and processors refuse such requests.
    if (request.step !== 'void' && amountOf(request) === 0) return { receipt: { id: null } };
    const earlier = outcomeUnknown ? await processor.find(request) : undefined;
    // Each method of the port takes the request of the same name; TypeScript cannot see this through the union.
    const answer = earlier ?? (await processor[request.step](request as never));
    return 'customerAction' in answer ? answer : { receipt: answer };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refusal: error };
  }
}

/** Opens the payment at the processor. The processor's reference is saved before any money can move. */
async function openPayment(
  { db, processor }: PaymentDependencies,
  payment: Payment,
  step: PaymentStep,
): Promise<string | null> {
  const { order_id: orderId, amount_minor: amountMinor, currency, payment_method: paymentMethod } = payment;
  if (!amountMinor || currency === null || paymentMethod === null) return null;
  try {
    const reference = await processor.open({ orderId, amount: { amountMinor, currency }, paymentMethod });
    return reference && (await saveReference(db, orderId, reference));
  } catch (error) {
    // A payment that cannot be opened holds no money, so there is nothing to void.
    if (error instanceof Refusal && step.buildRequest(payment, '').step === 'void') return null;
    throw error;
  }
}

/** Records the outcome and its effects once, even if several requests for the step are under way. */
async function saveOutcome(
  db: Kysely<PaymentDatabase>,
  step: PaymentStep,
  { payment: known, attempt }: StartedAttempt,
  outcome: PaymentOutcome,
): Promise<PaymentOutcome> {
  const record = (work: Kysely<PaymentDatabase>, payment: Payment) => {
    const effects =
      'receipt' in outcome
        ? step.effectsOfReceipt(payment, outcome.receipt)
        : step.effectsOfRefusal(payment, outcome.refusal);
    return recordOutcome(work, payment, { step: step.name, attempt, outcome, effects });
  };
  if (await record(db, known)) return outcome;
  // Another request has changed the payment since, or has recorded this attempt.
  return db.transaction().execute(async (transaction) => {
    const payment = (await lockPayment(transaction, step.orderId))!;
    await record(transaction, payment);
    const overridingRefusal = step.overridingRefusal(payment);
    return overridingRefusal ? { refusal: overridingRefusal } : outcome;
  });
}

const amountOf = (request: CardRequest): number => ('amount' in request ? request.amount.amountMinor : 0);

const findOperation = (transaction: PaymentTransaction, step: PaymentStep): Promise<Operation> =>
  transaction
    .selectFrom('operations')
    .selectAll()
    .where('order_id', '=', step.orderId)
    .where('step', '=', step.name)
    .executeTakeFirstOrThrow();

/** Records the first attempt; false if the step was requested before. */
async function insertOperation(
  transaction: PaymentTransaction,
  step: PaymentStep,
  amountMinor: number,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('operations')
    .values({ order_id: step.orderId, step: step.name, state: 'asked', amount_minor: amountMinor })
    .onConflict((conflict) => conflict.columns(['order_id', 'step']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

async function reopenOperation(transaction: PaymentTransaction, step: PaymentStep, attempt: number): Promise<void> {
  await transaction
    .updateTable('operations')
    .set({ state: 'asked', attempt, refusal_code: null, refusal_message: null, at: sql`now()` })
    .where('order_id', '=', step.orderId)
    .where('step', '=', step.name)
    .execute();
}
