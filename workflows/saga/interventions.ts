import { ApplicationFailure, condition, setHandler, uuid4 } from '@temporalio/workflow';
import { checkMessage } from '../incoming/arrivals.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { type Resolution, resolution, resolveInterventionUpdate } from './messages.ts';

/** The interventions of one workflow: questions that a person decides, and the decisions. */
export class Interventions {
  readonly #resolutions = new Map<string, Resolution | undefined>();
  readonly #actions = new Map<string, readonly InterventionAction[]>();

  /** Create before the workflow first waits: an answer may come at any time. */
  constructor() {
    const take = (resolution: Resolution) => void this.#resolutions.set(resolution.interventionId, resolution);
    setHandler(resolveInterventionUpdate, take, {
      validator: (given?: Resolution) => {
        const { interventionId, action } = checkMessage(resolution, given);
        if (!this.#isOpen(interventionId)) {
          throw ApplicationFailure.nonRetryable('this intervention is not open', 'InterventionClosed');
        }
        const allowed = this.#actions.get(interventionId)!;
        if (allowed.includes(action)) return;
        throw ApplicationFailure.nonRetryable(`choose one of ${allowed.join(', ')}`, 'ActionNotAllowed');
      },
      description: 'A person decides: retry the step, skip it, or what else its question offers.',
    });
  }

  /** Opens an intervention. Store it, so that people see it, before waiting for its resolution. */
  open(actions: readonly InterventionAction[]): string {
    const interventionId = uuid4();
    this.#actions.set(interventionId, actions);
    this.#resolutions.set(interventionId, undefined);
    return interventionId;
  }

  async resolutionOf(interventionId: string): Promise<Resolution> {
    await condition(() => this.#resolutions.get(interventionId) !== undefined);
    return this.#resolutions.get(interventionId)!;
  }

  /** Resolves those that are open. */
  settle(answer: Omit<Resolution, 'interventionId'>): void {
    for (const [interventionId, resolution] of this.#resolutions) {
      if (!resolution) this.#resolutions.set(interventionId, { interventionId, ...answer });
    }
  }

  get someOpen(): boolean {
    return [...this.#resolutions.values()].includes(undefined);
  }

  #isOpen(interventionId: string): boolean {
    return this.#resolutions.has(interventionId) && !this.#resolutions.get(interventionId);
  }
}
