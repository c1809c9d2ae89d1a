import { CancellationScope, allHandlersFinished, condition, uuid4 } from '@temporalio/workflow';
import { readInput } from '../incoming/arrivals.ts';
import type { Parser } from '../incoming/parsing.ts';
import { DisplayedHistory } from './displayed-history.ts';
import type { EntryStep } from './order-history.ts';
import { Saga } from './saga.ts';

/** What the card processor had done for an order, and has taken back. */
interface TakenBack<Input, Outcome> {
  parse: Parser<Input>;
  /** What the workflow's history is of, in Markdown. */
  title: (input: Input) => string;
  step: EntryStep;
  why: string;
  /** Takes it out of the order's books. `taken` is false where people had settled it before. */
  takeBack: (input: Input, settlement: Settlement) => Promise<{ taken: boolean }>;
  /** Has a person decide what takes its place, carries that out, and records it. */
  settle: (input: Input, settlement: Settlement) => Promise<Outcome>;
}

interface Settlement {
  saga: Saga;
  history: DisplayedHistory;
  /** Identifies what takes its place. */
  replacementId: string;
}

/** Where a workflow begins again that has taken it out of the books before. */
interface TakenBackBefore {
  replacementId: string;
  historyCounts: Record<string, number>;
}

/** The work of a workflow about what the card processor has taken back. */
export async function settleTakenBack<
  Input extends { orderId: string; before?: TakenBackBefore | undefined },
  Outcome extends string,
>(
  given: Input,
  { parse, title, step, why, takeBack, settle }: TakenBack<Input, Outcome>,
): Promise<Outcome | 'settled before'> {
  const input = readInput(parse, given);
  const { before } = input;
  const history = new DisplayedHistory(title(input), before?.historyCounts);
  const saga = new Saga(input.orderId, history);

  return CancellationScope.nonCancellable(async () => {
    const settlement = { saga, history, replacementId: before?.replacementId ?? uuid4() };
    if (!before) {
      history.add(step, 'failed', { detail: why });
      const { taken } = await takeBack(input, settlement);
      if (!taken) {
        history.now('**Ended**: people had settled this before.');
        return 'settled before';
      }
    }
    const outcome = await settle(input, settlement);
    history.now(`**Ended**: ${outcome}`);
    await condition(allHandlersFinished);
    return outcome;
  });
}
