import type { Kysely } from 'kysely';
import type { Hold, Operation, Payment, PaymentDatabase } from './database.ts';
import { isOver, stepOf } from './holds.ts';

/** Whether the hold may have been given up: the payment is over, or another hold has replaced it. */
export const mayHaveEnded = (payment: Payment, hold: Hold): boolean =>
  isOver(payment) || (payment.renewed && hold.closed);

/**
 * Whether a hold is one that came after it was given up. Where the processor refused to void it, a person has taken the hold
 * over. Throws while the outcome is unknown: the event is sent again.
 */
export function wasGivenUp(payment: Payment, hold: Hold, operations: readonly Operation[]): boolean {
  const isRelease = ({ step }: Operation) => step === 'rest' || step === stepOf('void', hold);
  const releases = operations.filter(isRelease);
  const { order_id: orderId } = hold;
  if (releases.some(({ state }) => state === 'asked')) throw new Error(`the void of order ${orderId} is under way`);
  if (releases.some(({ state }) => state === 'done')) return true;
  // The last capture was made, and the other holds are about to be released.
  return payment.status === 'captured' && releases.length === 0;
}

/** The steps that place a hold or release it. */
export const placingAndReleasing = (db: Kysely<PaymentDatabase>, hold: Hold): Promise<Operation[]> =>
  db
    .selectFrom('operations')
    .selectAll()
    .where('order_id', '=', hold.order_id)
    .where('step', 'in', [stepOf('authorize', hold), stepOf('void', hold), 'rest'])
    .where((where) =>
      where.or([
        where('step', '<>', 'rest'),
        where('hold_id', '=', hold.hold_id),
        where.and([where('hold_id', 'is', null), where('order_id', '=', hold.hold_id)]),
      ]),
    )
    .execute();
