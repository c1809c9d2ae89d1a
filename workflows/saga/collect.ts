import { uuid4 } from '@temporalio/workflow';
import type { RecaptureOutcome } from '../../activities/order-bookkeeping.ts';
import type { FailedCapture, RecapturePayment } from '../../activities/payment.ts';
import { enterDecision } from './by-hand.ts';
import { hasLongHistory } from './long-history.ts';
import type { Saga } from './saga.ts';
import { type Trouble, troubleOf } from './trouble.ts';

/**
 * Collects what the card processor has taken back, as a person decides: with another hold, which is captured at once; in another
 * way, which is then entered into the books; or not at all. After either of these a late request to the processor takes nothing.
 * Where the history is long, `beginAgain` takes over before a person is asked once more.
 */
export async function collectAsDecided(
  saga: Saga,
  capture: FailedCapture,
  { why, beginAgain }: { why: string; beginAgain: (why: string) => Promise<never> },
): Promise<RecaptureOutcome> {
  for (let detail = why; ;) {
    if (hasLongHistory()) return beginAgain(detail);
    const action = await saga.askPerson('recapturePayment', { detail }, { paymentStatus: 'requires_action' });
    if (action === 'skip') return settle(saga, 'not_collected', capture);
    if (action === 'collect_manually') return settle(saga, 'collected_manually', capture);
    // A hold that was declined stays so: each attempt places another.
    const trouble = await recapture(saga, { ...capture, holdId: uuid4() });
    if (!trouble) return 'recaptured';
    ({ detail } = trouble);
  }
}

/** Returns what has stopped it; undefined if nothing has. */
async function recapture(saga: Saga, request: RecapturePayment): Promise<Trouble | undefined> {
  try {
    await saga.stepUntilAnswered('recapturePayment', (ask) => ask.payment.recapturePayment(request));
    return undefined;
  } catch (error) {
    return troubleOf(error);
  }
}

const STEPS = { collected_manually: 'recordManualCapture', not_collected: 'forgoCapture' } as const;

async function settle(saga: Saga, outcome: keyof typeof STEPS, capture: FailedCapture): Promise<RecaptureOutcome> {
  const step = STEPS[outcome];
  const entered = await enterDecision(saga, {
    step,
    call: (ask) => ask.payment[step](capture),
    tooLate: 'AlreadyCaptured',
  });
  return entered ? outcome : 'recaptured';
}
