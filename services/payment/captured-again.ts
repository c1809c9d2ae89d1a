import type { Hold, Payment, PaymentTransaction } from './database.ts';
import { mayBeHeld, stepOf } from './holds.ts';

/**
 * Whether a part that was taken back is being captured again, apart from `captureId`: a hold was placed for it, and was neither
 * captured nor given up, nor was it declined.
 */
export async function isCapturedAgain(
  transaction: PaymentTransaction,
  payment: Payment,
  captureId?: string,
): Promise<boolean> {
  const isOpen = (hold: Hold) => hold.capture_id !== null && !hold.closed && mayBeHeld(hold);
  const open = payment.holds.filter((hold) => isOpen(hold) && hold.capture_id !== captureId);
  if (open.length === 0) return false;
  const declined = await transaction
    .selectFrom('operations')
    .select('step')
    .where('order_id', '=', payment.order_id)
    .where('state', '=', 'refused')
    .where(
      'step',
      'in',
      open.map((hold) => stepOf('authorize', hold)),
    )
    .execute();
  return declined.length < open.length;
}
