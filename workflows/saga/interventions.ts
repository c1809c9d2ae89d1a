import { ApplicationFailure, condition, setHandler, uuid4 } from '@temporalio/workflow';
import { type Resolution, resolveInterventionUpdate } from './messages.ts';

// What the order service stores of a text.
const TEXT_LENGTH = 1000;

/** The interventions of one workflow: questions that a person decides, and the decisions. */
export class Interventions {
  readonly #resolutions = new Map<string, Resolution | undefined>();

  /** Create before the workflow first waits: an answer may come at any time. */
  constructor() {
    const take = (resolution: Resolution) => void this.#resolutions.set(resolution.interventionId, resolution);
    setHandler(resolveInterventionUpdate, take, {
      validator: (resolution?: Resolution) => {
        checkResolution(resolution);
        if (this.#isOpen(resolution.interventionId)) return;
        throw ApplicationFailure.nonRetryable('this intervention is not open', 'InterventionClosed');
      },
      description: 'A person decides: retry the step, or skip it.',
    });
  }

  /** Opens an intervention. Store it, so that people see it, before waiting for its resolution. */
  open(): string {
    const interventionId = uuid4();
    this.#resolutions.set(interventionId, undefined);
    return interventionId;
  }

  async resolutionOf(interventionId: string): Promise<Resolution> {
    await condition(() => this.#resolutions.get(interventionId) !== undefined);
    return this.#resolutions.get(interventionId)!;
  }

  #isOpen(interventionId: string): boolean {
    return this.#resolutions.has(interventionId) && !this.#resolutions.get(interventionId);
  }
}

/** Sent by hand, a resolution may be anything; only a complete one is accepted. */
function checkResolution(resolution: Partial<Resolution> | undefined): asserts resolution is Resolution {
  const { interventionId, action, note, resolvedBy } = resolution ?? {};
  const texts = [interventionId, note, resolvedBy];
  const complete = texts.every((text) => typeof text === 'string' && text.length <= TEXT_LENGTH);
  if (complete && (action === 'retry' || action === 'skip')) return;
  throw ApplicationFailure.nonRetryable(
    'give interventionId, action (retry or skip), note and resolvedBy, each a text of at most 1,000 characters',
    'InvalidRequest',
  );
}
