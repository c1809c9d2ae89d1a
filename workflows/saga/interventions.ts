import { ApplicationFailure, condition, setHandler, uuid4 } from '@temporalio/workflow';
import { type Resolution, resolveInterventionUpdate } from '../messages.ts';

/** What a workflow asks a person, and the answers it gets. */
export class Interventions {
  readonly #open = new Map<string, Resolution | undefined>();

  /** Register before the first await: an answer may come at any time. */
  constructor() {
    setHandler(resolveInterventionUpdate, (resolution) => void this.#open.set(resolution.interventionId, resolution), {
      validator: (resolution?: Resolution) => {
        checkWords(resolution);
        if (this.#open.has(resolution.interventionId) && !this.#open.get(resolution.interventionId)) return;
        throw ApplicationFailure.nonRetryable('this intervention is not open', 'InterventionClosed');
      },
      description: 'A person decides: retry the step, or skip it.',
    });
  }

  /** A new question; tell it to people before waiting for the answer. */
  open(): string {
    const interventionId = uuid4();
    this.#open.set(interventionId, undefined);
    return interventionId;
  }

  async answerTo(interventionId: string): Promise<Resolution> {
    await condition(() => this.#open.get(interventionId) !== undefined);
    return this.#open.get(interventionId)!;
  }
}

/** An answer sent by hand may be anything; only a whole one is taken. */
function checkWords(resolution: Partial<Resolution> | undefined): asserts resolution is Resolution {
  const { interventionId, action, note, resolvedBy } = resolution ?? {};
  const whole = [interventionId, note, resolvedBy].every((word) => typeof word === 'string' && word.length <= 1000);
  if (whole && (action === 'retry' || action === 'skip')) return;
  throw ApplicationFailure.nonRetryable(
    'say interventionId, action (retry or skip), note and resolvedBy',
    'InvalidRequest',
  );
}
