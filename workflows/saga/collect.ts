import { uuid4 } from '@temporalio/workflow';
import type { RecaptureOutcome } from '../../activities/order-bookkeeping.ts';
import type { FailedCapture } from '../../activities/payment.ts';
import { enterDecision, troubleWith } from './by-hand.ts';
import type { Saga } from './saga.ts';

/**
 * Collects what the card processor has taken back, as a person decides: with another hold, which is captured at once; in another
 * way, which is then entered into the books; or not at all. After either of these a late request to the processor takes nothing.
 */
export async function collectAsDecided(saga: Saga, capture: FailedCapture, why: string): Promise<RecaptureOutcome> {
  for (let detail = why; ;) {
    const action = await saga.askPerson('recapturePayment', { detail }, QUESTION);
    if (action === 'skip') return settle(saga, 'not_collected', capture);
    if (action === 'collect_manually') return settle(saga, 'collected_manually', capture);
    // A hold that was declined stays so: each attempt places another.
    const request = { ...capture, holdId: uuid4() };
    const trouble = await troubleWith(() =>
      saga.stepUntilAnswered('recapturePayment', (ask) => ask.payment.recapturePayment(request)),
    );
    if (!trouble) return 'recaptured';
    ({ detail } = trouble);
  }
}

const QUESTION = { paymentStatus: 'requires_action', actions: ['retry', 'collect_manually', 'skip'] } as const;
const STEPS = { collected_manually: 'recordManualCapture', not_collected: 'forgoCapture' } as const;

async function settle(saga: Saga, outcome: keyof typeof STEPS, capture: FailedCapture): Promise<RecaptureOutcome> {
  const step = STEPS[outcome];
  const isEntered = await enterDecision(saga, {
    step,
    call: (ask) => ask.payment[step](capture),
    tooLate: 'AlreadyCaptured',
  });
  return isEntered ? outcome : 'recaptured';
}
