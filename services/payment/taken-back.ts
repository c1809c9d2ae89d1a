import type { Kysely } from 'kysely';
import type { Operation, Payment, PaymentDatabase } from './database.ts';
import type { Effects } from './ledger.ts';
import { recordOutcome } from './outcome.ts';
import { lockPayment } from './payments.ts';

/** Returns a payment's steps that move money in this way: `refund`, or `capture`. */
export const stepsOf = (
  db: Kysely<PaymentDatabase>,
  orderId: string,
  kind: 'refund' | 'capture',
): Promise<Operation[]> =>
  db
    .selectFrom('operations')
    .selectAll()
    .where('order_id', '=', orderId)
    .where((where) => where.or([where('step', '=', kind), where('step', 'like', `${kind}:%`)]))
    .orderBy('step')
    .execute();

/** Records that the processor has taken back what it had done. Changes nothing on a repeat: the step is no longer done. */
export const takeBack = (
  db: Kysely<PaymentDatabase>,
  { order_id: orderId, step, attempt, receipt_id: id }: Operation,
  effectsOf: (payment: Payment) => Effects,
): Promise<boolean> =>
  db.transaction().execute(async (transaction) => {
    const payment = (await lockPayment(transaction, orderId))!;
    const effects = effectsOf(payment);
    return recordOutcome(transaction, payment, { step, attempt, outcome: { failed: { id } }, effects });
  });
