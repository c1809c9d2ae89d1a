import { type Kysely, sql } from 'kysely';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Operation, Payment, PaymentDatabase, PaymentTransaction } from './database.ts';
import { lockPayment, saveReference } from './payments.ts';
import type { CardProcessor, CardRequest, Receipt } from './processor.ts';

/** One step of one payment: what our records must allow, the request to the processor, and the effects of its response. */
export interface PaymentStep {
  orderId: string;
  /** Identifies the order's step, never the attempt: `authorize`, `void`, `capture`, `refund:<refundId>`. */
  name: string;
  /** A declined card stays declined. Any other refused step may be requested again, under a new key. */
  refusalIsFinal: boolean;
  /** Locks the payment, so that the steps of one order run one at a time. Refuses if there is no such payment. */
  lock(transaction: PaymentTransaction): Promise<Payment>;
  /** The refusal that our records require, whatever the processor says. */
  overridingRefusal(payment: Payment): Refusal | undefined;
  /** Refuses what our records rule out, and records what must be stored before the processor is called. */
  prepare(transaction: PaymentTransaction, payment: Payment): Promise<void>;
  buildRequest(payment: Payment, key: string): CardRequest;
  applyReceipt(transaction: PaymentTransaction, payment: Payment, receipt: Receipt): Promise<void>;
  applyRefusal(transaction: PaymentTransaction, payment: Payment, refusal: Refusal): Promise<void>;
}

export interface PaymentDependencies {
  db: Kysely<PaymentDatabase>;
  processor: CardProcessor;
}

type PaymentOutcome = { receipt: Receipt } | { refusal: Refusal };

interface StartedAttempt {
  payment: Payment;
  attempt: number;
  /** An earlier call to the processor was recorded as started, but its outcome was not. */
  outcomeUnknown: boolean;
}

/**
 * Has the processor carry out one step at most once: record the attempt, call the processor, then record the outcome
 * together with all its effects. The call is outside both transactions. If the process dies in between, the outcome
 * is unknown, and the next request for the step first looks it up at the processor.
 */
export async function carryOut({ db, processor }: PaymentDependencies, step: PaymentStep): Promise<Receipt> {
  const started = await db.transaction().execute((transaction) => startStep(transaction, step));
  let outcome: PaymentOutcome;
  if ('attempt' in started) {
    const response = await callProcessor({ db, processor }, step, started);
    outcome = await db
      .transaction()
      .execute((transaction) => saveOutcome(transaction, step, started.attempt, response));
  } else {
    outcome = started;
  }
  if ('refusal' in outcome) throw outcome.refusal;
  return outcome.receipt;
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
): Promise<PaymentOutcome> {
  // A new key for each attempt after a refusal: under the old key the processor would only repeat the refusal.
  const key = `${step.orderId}:${step.name}${attempt > 1 ? `#${attempt}` : ''}`;
  try {
    const reference = payment.reference ?? (await openPayment({ db, processor }, payment, step));
    const request = step.buildRequest({ ...payment, reference }, key);
    // A step that costs nothing moves no money, and processors refuse such requests.
    if (request.step !== 'void' && amountOf(request) === 0) return { receipt: { id: null } };
    const earlier = outcomeUnknown ? await processor.find(request) : undefined;
    // Each method of the port takes the request of the same name; TypeScript cannot see this through the union.
    return { receipt: earlier ?? (await processor[request.step](request as never)) };
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
    if (error instanceof Refusal && step.name === 'void') return null;
    throw error;
  }
}

/** Records the outcome and its effects once, even if several requests for the step are under way. */
async function saveOutcome(
  transaction: PaymentTransaction,
  step: PaymentStep,
  attempt: number,
  outcome: PaymentOutcome,
): Promise<PaymentOutcome> {
  const payment = (await lockPayment(transaction, step.orderId))!;
  if (await closeOperation(transaction, step, attempt, outcome)) {
    await ('receipt' in outcome
      ? step.applyReceipt(transaction, payment, outcome.receipt)
      : step.applyRefusal(transaction, payment, outcome.refusal));
  }
  const overridingRefusal = step.overridingRefusal(payment);
  return overridingRefusal ? { refusal: overridingRefusal } : outcome;
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

/** Records the outcome of this attempt; false if one is recorded already. */
async function closeOperation(
  transaction: PaymentTransaction,
  step: PaymentStep,
  attempt: number,
  outcome: PaymentOutcome,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('operations')
    .set(
      'receipt' in outcome
        ? { state: 'done', receipt_id: outcome.receipt.id, at: sql`now()` }
        : {
            state: 'refused',
            refusal_code: outcome.refusal.code,
            refusal_message: outcome.refusal.message,
            at: sql`now()`,
          },
    )
    .where('order_id', '=', step.orderId)
    .where('step', '=', step.name)
    .where('state', '=', 'asked')
    .where('attempt', '=', attempt)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
