import { patched } from '@temporalio/workflow';
import type { Money } from '../../activities/money.ts';
import type { ForgoneRefund, RefundPayment } from '../../activities/payment.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import { enterDecision } from './by-hand.ts';
import { untilSettled } from './required-step.ts';
import type { Saga } from './saga.ts';
import type { StepCall } from './step-services.ts';
import type { Trouble } from './trouble.ts';

/** How a refund ended. `paid`: what the processor has paid of one that was given up. */
export interface PaidBack {
  outcome: RefundOutcome;
  paid?: Money;
}

/**
 * Pays captured money back. Where the card processor refuses, a person decides: to try again, to pay in another way, which is
 * then entered into the books, or not to pay. After either of these a late request to the processor pays nothing.
 */
export const payBack = (saga: Saga, refund: RefundPayment): Promise<PaidBack> => paidBack(saga, refund, undefined);

/** The same where a person decides first. `why` is for that person. */
export const payBackAsDecided = (saga: Saga, refund: RefundPayment, why: string): Promise<PaidBack> =>
  paidBack(saga, refund, { detail: why, refusal: undefined, attempt: undefined });

async function paidBack(saga: Saga, refund: RefundPayment, trouble: Trouble | undefined): Promise<PaidBack> {
  const settled = await untilSettled(saga, {
    step: 'refundPayment',
    calls: [(ask) => ask.payment.refundPayment(refund)],
    does: 'take',
    paymentStatus: 'requires_action',
    trouble,
  });
  if ('answers' in settled) return { outcome: 'refunded' };
  if (settled.action === 'refund_manually') {
    const paid = await settle(saga, 'recordManualRefund', (ask) => ask.payment.recordManualRefund(refund));
    return { outcome: paid ? 'refunded_manually' : 'refunded' };
  }
  // Executions from before this patch only ended.
  if (settled.trouble.refusal === 'NotCaptured' || !patched('skipped-refund-is-given-up')) {
    return { outcome: 'not_refunded' };
  }
  return forgo(saga, refund);
}

/** The processor may have paid a part of it, where several holds were captured. */
async function forgo(saga: Saga, refund: RefundPayment): Promise<PaidBack> {
  const forgone = await settle(saga, 'forgoRefund', (ask) => ask.payment.forgoRefund(refund));
  if (!forgone) return { outcome: 'refunded' };
  // Payment services from before several holds answer nothing.
  const paid = (forgone.answer as ForgoneRefund | undefined)?.refunded;
  return { outcome: 'not_refunded', ...(paid && paid.amountMinor > 0 && { paid }) };
}

/** Settles a refund as a person has decided; undefined if the processor has paid it after all. */
const settle = <Answer>(saga: Saga, step: 'recordManualRefund' | 'forgoRefund', call: StepCall<Answer>) =>
  enterDecision(saga, { step, call, tooLate: 'AlreadyRefunded' });
