import { patched } from '@temporalio/workflow';
import type { RefundPayment } from '../../activities/payment.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import type { Saga } from './saga.ts';
import type { StepCall } from './step-services.ts';
import { type Trouble, troubleOf } from './trouble.ts';

/**
 * Pays captured money back. Where the card processor refuses, a person decides: to try again, to pay in another way, which is
 * then entered into the books, or not to pay. After either of these a late request to the processor pays nothing.
 */
export async function payBack(saga: Saga, refund: RefundPayment): Promise<RefundOutcome> {
  for (;;) {
    const trouble = await troubleWith(() =>
      saga.stepUntilAnswered('refundPayment', (ask) => ask.payment.refundPayment(refund)),
    );
    if (!trouble) return 'refunded';
    const action = await saga.askPerson('refundPayment', trouble, {
      paymentStatus: 'requires_action',
      // Without a capture there are no books to enter it into.
      actions: trouble.refusal === 'NotCaptured' ? ['retry', 'skip'] : ['retry', 'refund_manually', 'skip'],
    });
    if (action === 'refund_manually') {
      return settle(saga, 'refunded_manually', (ask) => ask.payment.recordManualRefund(refund));
    }
    // Executions from before this patch only ended.
    if (action === 'skip' && (trouble.refusal === 'NotCaptured' || !patched('skipped-refund-is-given-up'))) {
      return 'not_refunded';
    }
    if (action === 'skip') return settle(saga, 'not_refunded', (ask) => ask.payment.forgoRefund(refund));
  }
}

const STEPS = { refunded_manually: 'recordManualRefund', not_refunded: 'forgoRefund' } as const;

/** Settles a refund as a person has decided; `refunded` if the processor has paid it after all. */
async function settle(saga: Saga, outcome: keyof typeof STEPS, call: StepCall<unknown>): Promise<RefundOutcome> {
  for (;;) {
    const trouble = await troubleWith(() => saga.stepUntilAnswered(STEPS[outcome], call));
    if (!trouble) return outcome;
    if (trouble.refusal === 'AlreadyRefunded') return 'refunded';
    // The books do not agree with this refund: no answer but a corrected state helps.
    await saga.askPerson(STEPS[outcome], trouble, { actions: ['retry'] });
  }
}

async function troubleWith(work: () => Promise<unknown>): Promise<Trouble | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return troubleOf(error);
  }
}
