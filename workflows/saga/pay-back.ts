import { patched } from '@temporalio/workflow';
import type { Money } from '../../activities/money.ts';
import type { ForgoneRefund, RefundPayment } from '../../activities/payment.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import { enterDecision, troubleWith } from './by-hand.ts';
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
export async function payBack(saga: Saga, refund: RefundPayment): Promise<PaidBack> {
  for (;;) {
    const trouble = await troubleWithRefund(saga, refund);
    if (!trouble) return { outcome: 'refunded' };
    const settled = await settledBy(saga, refund, trouble);
    if (settled) return settled;
  }
}

/** The same where a person decides first. `why` is for that person. */
export async function payBackAsDecided(saga: Saga, refund: RefundPayment, why: string): Promise<PaidBack> {
  const failed = { detail: why, refusal: undefined, attempt: undefined };
  return (await settledBy(saga, refund, failed)) ?? payBack(saga, refund);
}

const troubleWithRefund = (saga: Saga, refund: RefundPayment): Promise<Trouble | undefined> =>
  troubleWith(() => saga.stepUntilAnswered('refundPayment', (ask) => ask.payment.refundPayment(refund)));

/** How a person has settled a refund that the processor did not pay; undefined if it is to try again. */
async function settledBy(saga: Saga, refund: RefundPayment, trouble: Trouble): Promise<PaidBack | undefined> {
  const action = await saga.askPerson('refundPayment', trouble, {
    paymentStatus: 'requires_action',
    // Without a capture there are no books to enter it into.
    actions: trouble.refusal === 'NotCaptured' ? ['retry', 'skip'] : ['retry', 'refund_manually', 'skip'],
  });
  if (action === 'refund_manually') {
    return { outcome: await settle(saga, 'refunded_manually', (ask) => ask.payment.recordManualRefund(refund)) };
  }
  // Executions from before this patch only ended.
  if (action === 'skip' && (trouble.refusal === 'NotCaptured' || !patched('skipped-refund-is-given-up'))) {
    return { outcome: 'not_refunded' };
  }
  if (action === 'skip') return forgo(saga, refund);
  return undefined;
}

/** The processor may have paid a part of it, where several holds were captured. */
async function forgo(saga: Saga, refund: RefundPayment): Promise<PaidBack> {
  let paid: Money | undefined;
  const outcome = await settle(saga, 'not_refunded', async (ask) => {
    const forgone = await ask.payment.forgoRefund(refund);
    // Payment services from before several holds answer nothing.
    paid = (forgone.answer as ForgoneRefund | undefined)?.refunded;
    return forgone;
  });
  return { outcome, ...(outcome === 'not_refunded' && paid && paid.amountMinor > 0 && { paid }) };
}

const STEPS = { refunded_manually: 'recordManualRefund', not_refunded: 'forgoRefund' } as const;

/** Settles a refund as a person has decided; `refunded` if the processor has paid it after all. */
async function settle(saga: Saga, outcome: keyof typeof STEPS, call: StepCall<unknown>): Promise<RefundOutcome> {
  const isEntered = await enterDecision(saga, { step: STEPS[outcome], call, tooLate: 'AlreadyRefunded' });
  return isEntered ? outcome : 'refunded';
}
