import { sql } from 'kysely';
import { type CapturePayment, type PaymentRefusal, paymentRefusal } from '../../../activities/payment.ts';
import { type Asked, minorOf } from '../attempt.ts';
import { captured, expired, failed } from '../effects.ts';
import { moneyOf, together } from '../ledger.ts';
import type { Beginning, PaymentStep } from '../operation.ts';
import { lockPayment } from '../payments.ts';
import { planCapture } from './capture-plan.ts';

/** Captures what a parcel costs, or all that is held. `capturesSeveralTimes`: of holds that it is not known of. */
export const capture = (request: CapturePayment, capturesSeveralTimes: boolean): PaymentStep => {
  const { orderId, parcelId = orderId, amount } = request;
  const name = parcelId === orderId ? 'capture' : `capture:${parcelId}`;
  return {
    orderId,
    name,
    refusalIsFinal: false,
    amountMinor: amount?.amountMinor,
    begin: beginningOf(request, capturesSeveralTimes),

    async lock(transaction) {
      const payment = await lockPayment(transaction, orderId);
      if (!payment) throw paymentRefusal('NotAuthorized', `order ${orderId} has no authorized payment to capture`);
      for (const money of [amount, request.outstanding]) {
        if (payment.currency === null || !money || money.currency === payment.currency) continue;
        throw new Error(`order ${orderId} is paid in ${payment.currency}, not in ${money.currency}`);
      }
      return payment;
    },

    overridingRefusal: () => undefined,

    plan: (transaction, payment) => planCapture(transaction, payment, request, capturesSeveralTimes),

    buildRequest: ({ payment, hold, asked }, key) => ({
      step: 'capture',
      key,
      orderId,
      holdId: hold.hold_id,
      reference: hold.reference,
      parcelId,
      amount: moneyOf(payment, minorOf(asked)),
      whole: minorOf(asked) === hold.amount_minor,
      final: asked.final ?? true,
      several: asked.final === false || (hold.captures_several ?? capturesSeveralTimes),
    }),

    effectsOfReceipt: (payment, asked) =>
      captured(payment, {
        step: name,
        holdId: asked.holdId,
        askedMinor: minorOf(asked),
        final: asked.final ?? true,
        settles: settles(request, asked),
        reserved: asked.askedMinor ?? 0,
        taken: asked.amountMinor > 0 && minorOf(asked) === 0,
      }),

    effectsOfRefusal(payment, asked, refusal) {
      const { holdId, askedMinor: reserved = 0 } = asked;
      const effects = failed(payment, 'capturePayment', refusal);
      const isExpired = refusal.code === ('HoldExpired' satisfies PaymentRefusal);
      const effect = `expired:${holdId}:${parcelId}`;
      if (isExpired) return together(payment, effects, (next) => expired(next, { effect, holdId, reserved }));
      return { ...effects, holdId, sums: { capture_reserved_minor: -reserved } };
    },
  };
};

/** Whether no more is captured of the order. */
function settles({ outstanding }: CapturePayment, asked: Asked): boolean {
  return outstanding === undefined || outstanding.amountMinor <= Math.max(asked.amountMinor, minorOf(asked));
}

/** In one statement where the order has one hold, and nothing was captured of it yet. */
function beginningOf({ orderId, amount, outstanding }: CapturePayment, capturesSeveralTimes: boolean): Beginning {
  const amountMinor = sql`coalesce(${amount?.amountMinor ?? null}::bigint, authorized_minor)`;
  const outstandingMinor = sql`coalesce(${outstanding?.amountMinor ?? null}::bigint, 0)`;
  const several = sql`coalesce(captures_several, ${capturesSeveralTimes}::boolean)`;
  const askedMinor = sql`case when ${several} then ${amountMinor}
    else least(greatest(${outstandingMinor}, ${amountMinor}), authorized_minor) end`;
  return {
    payment: sql`
      select * from payments
      where order_id = ${orderId} and status = 'authorized' and not undone and not renewed
        and capture_reserved_minor = 0 and ${amountMinor} <= authorized_minor
        and currency = coalesce(${amount?.currency ?? null}, currency)
        and currency = coalesce(${outstanding?.currency ?? null}, currency)
      for update`,
    amountMinor,
    capture: {
      askedMinor,
      final: sql`not ${several} or ${outstandingMinor} <= ${amountMinor}
        or ${amountMinor} = authorized_minor`,
    },
  };
}
