import { type Kysely, sql } from 'kysely';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Operation, Payment, PaymentDatabase, Work } from './database.ts';
import { keepReference, lockPayment } from './payments.ts';
import type { CardProcessor, CardRequest, Receipt } from './processor.ts';

/** One step of one payment: what our books must allow, what is asked of the processor, what its answer changes. */
export interface Step {
  orderId: string;
  /** Named by the order and the step, never by the attempt: `authorize`, `void`, `capture`, `refund:<refundId>`. */
  name: string;
  /** A declined card stays declined; whatever else was refused may be asked again, under a new key. */
  refusedForGood: boolean;
  /** Locks the payment, which makes this step wait for every other of the order; refuses where there is none. */
  enter(work: Work): Promise<Payment>;
  /** What our books say whatever the processor says. */
  overruled(payment: Payment): Refusal | undefined;
  /** Refuses what our books rule out, and notes what must stand before the processor is asked. */
  admit(work: Work, payment: Payment): Promise<void>;
  request(payment: Payment, key: string): CardRequest;
  accept(work: Work, payment: Payment, receipt: Receipt): Promise<void>;
  decline(work: Work, payment: Payment, refusal: Refusal): Promise<void>;
}

export interface Till {
  db: Kysely<PaymentDatabase>;
  processor: CardProcessor;
}

type Outcome = { receipt: Receipt } | { refusal: Refusal };

interface Begun {
  payment: Payment;
  attempt: number;
  /** It was asked for before, and nobody wrote down what came of it. */
  doubtful: boolean;
}

/**
 * Has the processor do one step at most once: note that it will be asked, ask, note the answer together with all that
 * follows from it. The asking is outside of both transactions. A process that dies in between leaves a doubtful step;
 * whoever asks for it next looks up first what the processor made of it.
 */
export async function carryOut({ db, processor }: Till, step: Step): Promise<Receipt> {
  const begun = await db.transaction().execute((work) => begin(work, step));
  let outcome: Outcome;
  if ('attempt' in begun) {
    const answer = await ask({ db, processor }, step, begun);
    outcome = await db.transaction().execute((work) => settle(work, step, begun.attempt, answer));
  } else {
    outcome = begun;
  }
  if ('refusal' in outcome) throw outcome.refusal;
  return outcome.receipt;
}

/** Takes the step for asking, or answers with what came of it before. */
async function begin(work: Work, step: Step): Promise<Begun | Outcome> {
  const payment = await step.enter(work);
  const overruled = step.overruled(payment);
  if (overruled) return { refusal: overruled };
  const amountMinor = amountOf(step.request(payment, ''));
  if (await noteFirst(work, step, amountMinor)) {
    await step.admit(work, payment);
    return { payment, attempt: 1, doubtful: false };
  }
  const earlier = await findOperation(work, step);
  if (earlier.amount_minor !== amountMinor) {
    throw new Error(`${step.name} of order ${step.orderId} was asked for before, for another amount`);
  }
  if (earlier.state === 'done') return { receipt: { id: earlier.receipt_id } };
  if (earlier.state === 'refused' && step.refusedForGood) {
    return { refusal: new Refusal(earlier.refusal_code!, earlier.refusal_message ?? '') };
  }
  if (earlier.state === 'asked') return { payment, attempt: earlier.attempt, doubtful: true };
  await step.admit(work, payment);
  const attempt = earlier.attempt + 1;
  await noteAgain(work, step, attempt);
  return { payment, attempt, doubtful: false };
}

async function ask({ db, processor }: Till, step: Step, { payment, attempt, doubtful }: Begun): Promise<Outcome> {
  // A new key for each new try after a refusal: under the old one the processor would only repeat itself.
  const key = `${step.orderId}:${step.name}${attempt > 1 ? `#${attempt}` : ''}`;
  try {
    const reference = payment.reference ?? (await open({ db, processor }, payment, step));
    const request = step.request({ ...payment, reference }, key);
    // What costs nothing moves no money, and processors refuse to be asked for it.
    if (request.step !== 'void' && amountOf(request) === 0) return { receipt: { id: null } };
    const earlier = doubtful ? await processor.find(request) : undefined;
    // Each verb of the port takes the request of its name, which the union has lost sight of.
    return { receipt: earlier ?? (await processor[request.step](request as never)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refusal: error };
  }
}

/** The processor's own reference is kept before any money can move. */
async function open({ db, processor }: Till, payment: Payment, step: Step): Promise<string | null> {
  const { order_id: orderId, amount_minor: amountMinor, currency, payment_method: paymentMethod } = payment;
  if (!amountMinor || currency === null || paymentMethod === null) return null;
  try {
    const reference = await processor.open({ orderId, amount: { amountMinor, currency }, paymentMethod });
    return reference && (await keepReference(db, orderId, reference));
  } catch (error) {
    // What cannot even be opened holds no money.
    if (error instanceof Refusal && step.name === 'void') return null;
    throw error;
  }
}

/** Writes the answer down once: of several who asked at the same time, the first to come here. */
async function settle(work: Work, step: Step, attempt: number, answer: Outcome): Promise<Outcome> {
  const payment = (await lockPayment(work, step.orderId))!;
  if (await noteAnswer(work, step, attempt, answer)) {
    await ('receipt' in answer
      ? step.accept(work, payment, answer.receipt)
      : step.decline(work, payment, answer.refusal));
  }
  const overruled = step.overruled(payment);
  return overruled ? { refusal: overruled } : answer;
}

const amountOf = (request: CardRequest): number => ('amount' in request ? request.amount.amountMinor : 0);

const findOperation = (work: Work, step: Step): Promise<Operation> =>
  work
    .selectFrom('operations')
    .selectAll()
    .where('order_id', '=', step.orderId)
    .where('step', '=', step.name)
    .executeTakeFirstOrThrow();

/** Notes that it is asked for, unless it has been before: then false. */
async function noteFirst(work: Work, step: Step, amountMinor: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await work
    .insertInto('operations')
    .values({ order_id: step.orderId, step: step.name, state: 'asked', amount_minor: amountMinor })
    .onConflict((conflict) => conflict.columns(['order_id', 'step']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

async function noteAgain(work: Work, step: Step, attempt: number): Promise<void> {
  await work
    .updateTable('operations')
    .set({ state: 'asked', attempt, refusal_code: null, refusal_message: null, at: sql`now()` })
    .where('order_id', '=', step.orderId)
    .where('step', '=', step.name)
    .execute();
}

/** Notes the answer to this attempt, unless one is noted already: then false. */
async function noteAnswer(work: Work, step: Step, attempt: number, answer: Outcome): Promise<boolean> {
  const { numUpdatedRows } = await work
    .updateTable('operations')
    .set(
      'receipt' in answer
        ? { state: 'done', receipt_id: answer.receipt.id, at: sql`now()` }
        : {
            state: 'refused',
            refusal_code: answer.refusal.code,
            refusal_message: answer.refusal.message,
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
