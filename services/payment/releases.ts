import type { Kysely } from 'kysely';
import { type PaymentRefusal, type Voided, paymentRefusal } from '../../activities/payment.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { isCapturedAgain } from './captured-again.ts';
import type { Hold, Payment, PaymentDatabase } from './database.ts';
import { isFirst, isOver, mayBeHeld, newestNumber } from './holds.ts';
import { mayHaveEnded, placingAndReleasing, wasGivenUp } from './late-holds.ts';
import { type Finished, type PaymentDependencies, type PaymentStep, answerOf, carryOut } from './operation.ts';
import { lockPayment, markEnded, markUndoneWhileCapturing, withHolds } from './payments.ts';
import { releaseLate, releaseRest, underWay, voidHold, voidPayment } from './steps/void.ts';

/** Releases every hold of a payment, and prevents later ones. */
export async function voidAll(dependencies: PaymentDependencies, orderId: string): Promise<Voided> {
  // Stored on its own: the void waits for the capture, and its transaction then stores nothing.
  await markUndoneWhileCapturing(dependencies.db, orderId);
  const first = await carryOut(dependencies, voidPayment(orderId)).catch((error: unknown) => {
    if (!isTooLate(error)) throw error;
    return releaseAfterCapture(dependencies, orderId, error);
  });
  if ('refusal' in first.outcome && isTooLate(first.outcome.refusal)) {
    await releaseAfterCapture(dependencies, orderId, first.outcome.refusal);
  }
  const others = first.payment.holds.filter((hold) => !isFirst(hold));
  return { released: wasReleased([first, ...(await releaseAll(dependencies, others.map(voidHold)))]) };
}

const isTooLate = (error: unknown): error is Refusal =>
  error instanceof Refusal && error.code === ('AlreadyCaptured' satisfies PaymentRefusal);

/**
 * A capture was faster than this void, which may have released a part and been interrupted. Of a capture that our records do not
 * know nothing is released.
 */
async function releaseAfterCapture(
  dependencies: PaymentDependencies,
  orderId: string,
  refusal: Refusal,
): Promise<never> {
  const payment = await readPayment(dependencies.db, orderId);
  const isOurs = payment && (payment.captured_minor > 0 || payment.capture_reserved_minor > 0);
  if (payment?.undone && isOurs) await releaseTheRest(dependencies, orderId);
  throw refusal;
}

/**
 * Says that no more is captured, and releases what is still held. Changes nothing while a part that was taken back is being
 * captured again, apart from `captureId`: that capture ends the payment.
 */
export async function releaseTheRest(
  dependencies: PaymentDependencies,
  orderId: string,
  captureId?: string,
): Promise<Voided> {
  const payment = await endPayment(dependencies.db, orderId, captureId);
  if (!payment) return { released: false };
  if (!payment.renewed) return { released: wasReleased(await releaseAll(dependencies, [releaseRest(orderId)])) };
  // What was replaced before is no rest. The others count on a repeat, too.
  const [replaced, others] = partition(payment);
  wasReleased(await releaseAll(dependencies, replaced.filter(mayBeHeld).map(voidHold)));
  return { released: wasReleased(await releaseAll(dependencies, others.map(voidHold))) };
}

/** From then on no hold is placed and nothing is captured. */
const endPayment = (
  db: Kysely<PaymentDatabase>,
  orderId: string,
  captureId: string | undefined,
): Promise<Payment | undefined> =>
  db.transaction().execute(async (transaction) => {
    const payment = await lockPayment(transaction, orderId);
    if (!payment || isOver(payment)) return payment;
    if (await isCapturedAgain(transaction, payment, captureId)) return undefined;
    if (payment.capture_reserved_minor > 0) throw underWay(orderId);
    return markEnded(transaction, payment);
  });

function partition(payment: Payment): [replaced: Hold[], others: Hold[]] {
  const newest = newestNumber(payment);
  return [
    payment.holds.filter(({ number }) => number < newest),
    payment.holds.filter(({ number }) => number >= newest),
  ];
}

/** Releases the holds that a newer one has replaced. */
export async function releaseReplaced(dependencies: PaymentDependencies, orderId: string): Promise<void> {
  const payment = await readPayment(dependencies.db, orderId);
  if (payment) wasReleased(await releaseAll(dependencies, partition(payment)[0].filter(mayBeHeld).map(voidHold)));
}

/**
 * Releases what is still held of a payment of which no more is captured. The capture has happened, so a refusal is no refusal
 * of it: the event `payment.failed` tells of it, and checkBalances reports the hold.
 */
export async function releaseLeftHolds(dependencies: PaymentDependencies, orderId: string): Promise<void> {
  const payment = await readPayment(dependencies.db, orderId);
  if (!payment || !isOver(payment)) return;
  const left = payment.holds.filter(mayBeHeld);
  await releaseAll(dependencies, payment.renewed ? left.map(voidHold) : left.map(() => releaseRest(orderId)));
}

/** Releases the holds that their holders confirmed after they were given up. */
export async function releaseLateHolds(dependencies: PaymentDependencies, orderId: string): Promise<void> {
  const payment = await readPayment(dependencies.db, orderId);
  const ended = payment?.holds.filter((hold) => mayHaveEnded(payment, hold)) ?? [];
  if (!payment || ended.length === 0) {
    throw paymentRefusal('NotUndone', `the payment of order ${orderId} was not voided`);
  }
  const late: Hold[] = [];
  for (const hold of ended) {
    const operations = await placingAndReleasing(dependencies.db, hold);
    const isGivenUp = wasGivenUp(payment, hold, operations);
    if (payment.undone || (isGivenUp && mayBeHeld(hold))) late.push(hold);
  }
  wasReleased(await releaseAll(dependencies, late.map(releaseLate)));
}

/** Takes every step, also after a refusal. */
async function releaseAll(dependencies: PaymentDependencies, steps: readonly PaymentStep[]): Promise<Finished[]> {
  const finished: Finished[] = [];
  for (const step of steps) finished.push(await carryOut(dependencies, step));
  return finished;
}

/** Whether any of them has released money. Throws a refusal. */
const wasReleased = (finished: readonly Finished[]): boolean =>
  finished.map(answerOf).some((answer) => 'id' in answer && answer.id !== null);

async function readPayment(db: Kysely<PaymentDatabase>, orderId: string): Promise<Payment | undefined> {
  const row = await db.selectFrom('payments').selectAll().where('order_id', '=', orderId).executeTakeFirst();
  return row && withHolds(db, row);
}
