import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';
import { moneyInWords } from '../../activities/money-in-words.ts';
import type { Dispute } from '../../activities/payment.ts';
import { momentInWords, plainText } from '../display/markdown.ts';
import { onSignal, readInput } from '../incoming/arrivals.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { Saga } from '../saga/saga.ts';
import { servicesUntilAnswered } from '../saga/step-services.ts';
import { type DisputeInput, disputeInput, disputeMoved, disputeMovedSignal } from './messages.ts';

/** `won`, `lost`: the card's bank has decided. `handled`: a person has said that it is dealt with. */
export type DisputeResult = 'won' | 'lost' | 'handled';

const DAY_MS = 24 * 60 * 60 * 1000;
// The processor's event comes within seconds of the decision. Where it does not, nobody is in a hurry.
const QUESTION_MS = 4 * DAY_MS;
// Banks decide within four months. Each question costs the history eight events; after that only the event or a person ends it.
const MOST_QUESTIONS = 30;

/**
 * The card's holder does not accept a payment. A person is told what is disputed and until when the processor wants an answer,
 * which is given at the processor; the order goes on. Ends by itself once the bank has decided.
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

  return CancellationScope.nonCancellable(async () => {
    const { dispute, outcome } = await ask();
    history.add('dispute', 'started', { detail: inWords(dispute) });
    let handled = false;
    const askPerson = async () => {
      await saga.askPerson('dispute', { detail: inWords(dispute) });
      handled = true;
    };
    const follow = async (): Promise<DisputeResult> => {
      for (let questions = 1; ; questions += 1) {
        const news = () => handled || hasNews;
        if (questions > MOST_QUESTIONS) await condition(news);
        else await condition(news, QUESTION_MS, { summary: 'until the processor is asked for news' });
        if (handled) return 'handled';
        const { outcome: decided } = await ask();
        if (!decided) continue;
        saga.people.settle(`the dispute was ${decided}`);
        return decided;
      }
    };
    const result = outcome ?? (await Promise.all([follow(), askPerson()]))[0];
    if (result !== 'handled') history.add('dispute', result === 'won' ? 'succeeded' : 'failed', { detail: result });
    if (saga.hasUnsaved) await saga.save();
    history.now(`**Ended**: ${result}`);
    await condition(allHandlersFinished);
    return result;
  });
}

function inWords({ amount, reason, withdrawn, respondBy }: Dispute): string {
  const what = withdrawn
    ? `the card's holder disputes ${moneyInWords(amount)}, which the card processor has taken back`
    : `the card's holder asks about ${moneyInWords(amount)}, and nothing was taken back`;
  const until = respondBy === null ? 'no answer is wanted' : `answer by ${momentInWords(new Date(respondBy))}`;
  return `${what}: ${reason}; ${until}`;
}
