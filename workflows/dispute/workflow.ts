import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { Dispute } from '../../activities/payment.ts';
import { momentInWords, plainText } from '../display/markdown.ts';
import { onSignal, readInput } from '../incoming/arrivals.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { Saga } from '../saga/saga.ts';
import { servicesUntilAnswered } from '../saga/step-services.ts';
import { type DisputeInput, disputeInput, disputeMoved, disputeMovedSignal } from './messages.ts';

/** `won`, `lost`: the card's bank has decided. `handled`: a person has dealt with it, and the bank has not decided for months. */
export type DisputeResult = 'won' | 'lost' | 'handled';

const DAY_MS = 24 * 60 * 60 * 1000;
// The processor's event comes within seconds of the decision. Where it does not, nobody is in a hurry.
const QUESTION_MS = 4 * DAY_MS;
// Banks decide within four months. Each question costs the history eight events; after that only the event or a person ends it.
const MOST_QUESTIONS = 30;

/**
 * The card's holder does not accept a payment. A person is told what is disputed and until when the processor wants an answer,
 * which is given at the processor, and told again when that changes; the order goes on. Ends by itself once the bank has decided.
 */
export async function disputeWorkflow(given: DisputeInput): Promise<DisputeResult> {
  const { disputeId, orderId } = readInput(disputeInput, given);
  const history = new DisplayedHistory(`Dispute ${plainText(disputeId)} of order ${orderId}`);
  const saga = new Saga(orderId, history);
  let hasNews = false;
  onSignal(disputeMovedSignal, {
    parse: disputeMoved,
    take: () => void (hasNews = true),
    dropped: (why) => history.note(why),
    description: 'The processor has news about the dispute.',
  });

  /** `outcome`: how the bank has decided; absent while it has not. */
  async function ask(): Promise<{ dispute: Dispute; outcome?: 'won' | 'lost' }> {
    hasNews = false;
    const { answer: dispute } = await servicesUntilAnswered().payment.readDispute({ orderId, disputeId });
    return { dispute, ...(dispute.status !== 'open' && { outcome: dispute.status }) };
  }

  // What a person was last asked, and whether they have dealt with it.
  let asked = '';
  let handled = false;
  async function askPerson(detail: string): Promise<void> {
    asked = detail;
    handled = false;
    await saga.askPerson('dispute', { detail });
    if (asked === detail) handled = true;
  }

  return CancellationScope.nonCancellable(async () => {
    let { dispute, outcome } = await ask();
    history.add('dispute', 'started', { detail: inWords(dispute) });
    const answers: Promise<void>[] = [];
    for (let questions = 1; outcome === undefined; questions += 1) {
      // An inquiry becomes a dispute, or the date changes: that is another question, also where the first was dealt with.
      if (inWords(dispute) !== asked) {
        saga.people.settle('there is news about the dispute');
        answers.push(askPerson(inWords(dispute)));
      }
      if (questions <= MOST_QUESTIONS) {
        await condition(() => hasNews, QUESTION_MS, { summary: 'until the processor is asked for news' });
      } else {
        await condition(() => hasNews || handled);
        if (!hasNews) break;
      }
      ({ dispute, outcome } = await ask());
    }
    saga.people.settle(`the dispute was ${outcome}`);
    await Promise.all(answers);
    if (outcome) history.add('dispute', outcome === 'won' ? 'succeeded' : 'failed', { detail: outcome });
    if (saga.hasUnsaved) await saga.save();
    history.now(`**Ended**: ${outcome ?? 'dealt with by a person'}`);
    await condition(allHandlersFinished);
    return outcome ?? 'handled';
  });
}

function inWords({ amount, reason, withdrawn, respondBy }: Dispute): string {
  const what = withdrawn
    ? `the card's holder disputes ${moneyInWords(amount)}, which the card processor has taken back`
    : `the card's holder asks about ${moneyInWords(amount)}, and nothing was taken back`;
  const until = respondBy === null ? 'no answer is wanted' : `answer by ${momentInWords(new Date(respondBy))}`;
  return `${what}: ${reason}; ${until}`;
}
