import { type Kysely, sql } from 'kysely';
import { type CapturePayment, paymentRefusal } from '../../../activities/payment.ts';
import type { Payment, PaymentDatabase } from '../database.ts';
import { holdToCapture, roomOf } from '../holds.ts';
import type { Planned } from '../operation.ts';

/**
 * Decides how much of which hold to capture, under the payment's lock. `severalByDefault` says whether a hold that it is not
 * known of can be captured several times.
 */
export async function planCapture(
  db: Kysely<PaymentDatabase>,
  payment: Payment,
  request: CapturePayment,
  severalByDefault: boolean,
): Promise<Planned> {
  const { order_id: orderId } = payment;
  requireAuthorized(payment, request);
  if (await lastIsUnderWay(db, payment)) throw underWay(payment);
  const ahead = await capturedAhead(db, payment);
  const requested = request.amount?.amountMinor;
  const current = holdToCapture(payment, request.parcelId);
  const capturesSeveralTimes = current?.captures_several ?? severalByDefault;
  const take = (holdId: string, amountMinor: number, askedMinor: number, final: boolean): Planned => ({
    payment,
    asked: { holdId, amountMinor, askedMinor, final, reserves: { capture_reserved_minor: askedMinor } },
  });
  if (requested !== undefined && requested > 0 && requested <= ahead) return take(orderId, requested, 0, false);
  if (payment.amount_minor === 0 || (requested === 0 && capturesSeveralTimes)) return take(orderId, 0, 0, false);

  const hold = current ?? refuseWithoutHold(payment);
  const room = Math.min(roomOf(hold), uncaptured(payment));
  const amountMinor = requested ?? room;
  const needed = requested === undefined ? room : requested - ahead;
  const outstanding = Math.max(request.outstanding?.amountMinor ?? 0, amountMinor);
  requireRoom(payment, { room, needed, capturesSeveralTimes });
  const asked = capturesSeveralTimes ? needed : Math.min(Math.max(needed, outstanding - ahead), room);
  const left = roomOf(hold) - asked;
  const isLast = !capturesSeveralTimes || outstanding <= amountMinor;
  // A last capture releases the rest of the hold. It must not take away what another one is about to capture.
  if (isLast && left > 0 && hold.capture_reserved_minor > 0) throw underWay(payment);
  return take(hold.hold_id, amountMinor, asked, hold.capture_reserved_minor === 0 && (isLast || left === 0));
}

function requireAuthorized(payment: Payment, { orderId }: CapturePayment): void {
  // Once a void was requested the hold must not be captured, even if the void was refused.
  if (payment.undone || ['pending', 'declined', 'voided'].includes(payment.status)) {
    throw paymentRefusal('NotAuthorized', `order ${orderId} has no authorized payment to capture`);
  }
}

function refuseWithoutHold(payment: Payment): never {
  const { order_id: orderId } = payment;
  throw payment.status === 'captured'
    ? paymentRefusal('NotAuthorized', `the last capture of order ${orderId} was made`)
    : paymentRefusal('HoldExpired', `no money is held for order ${orderId} any more`);
}

function requireRoom(
  payment: Payment,
  { room, needed, capturesSeveralTimes }: { room: number; needed: number; capturesSeveralTimes: boolean },
): void {
  const waits = payment.capture_reserved_minor > 0;
  if (waits && (!capturesSeveralTimes || needed > room || room === 0)) throw underWay(payment);
  if (needed <= room) return;
  throw paymentRefusal(
    'CaptureRefused',
    `at most ${room} minor units of ${payment.currency} of order ${payment.order_id} can be captured, not ${needed}`,
  );
}

/** A fault: the request is repeated, and by then the outcome of the other capture is known. */
const underWay = ({ order_id: orderId }: Payment) => new Error(`another capture of order ${orderId} is under way`);

/** Whether a capture is under way that releases what it leaves of its hold. */
async function lastIsUnderWay(db: Kysely<PaymentDatabase>, payment: Payment): Promise<boolean> {
  if (payment.capture_reserved_minor === 0) return false;
  const { rows } = await sql<{ last: boolean }>`
    select coalesce(bool_or(final), false) as last from operations
    where order_id = ${payment.order_id} and state = 'asked' and (step = 'capture' or step like 'capture:%')`.execute(
    db,
  );
  return rows[0]!.last;
}

const uncaptured = ({ amount_minor, captured_minor, capture_reserved_minor }: Payment): number =>
  amount_minor! - captured_minor - capture_reserved_minor;

/**
 * How much more was captured for earlier parcels than they cost, at a processor that captures only once. None if that was taken
 * back: then those that it has paid for count with their price alone.
 */
async function capturedAhead(db: Kysely<PaymentDatabase>, payment: Payment): Promise<number> {
  if (payment.captured_minor === 0) return 0;
  const { rows } = await sql<{ ahead: number }>`
    select greatest(coalesce(sum(coalesce(asked_minor, amount_minor) - amount_minor), 0), 0)::bigint as ahead from operations
    where order_id = ${payment.order_id} and state = 'done' and (step = 'capture' or step like 'capture:%')`.execute(
    db,
  );
  return rows[0]!.ahead;
}
