import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import type { PaymentStatus, Step } from '../../activities/order-status.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import { plainText } from '../display/markdown.ts';
import { bookkeeping } from './bookkeeping.ts';
import type { DisplayedHistory } from './displayed-history.ts';
import { Interventions } from './interventions.ts';
import { hasLongHistory } from './long-history.ts';
import type { LaneMemo } from '../order/messages.ts';
import { type Standing, attributesFor } from './standing.ts';
import type { Trouble } from './trouble.ts';

/** What may be decided, `retry` and `skip` if it is not said, and how the payment stands until then. */
export interface Question {
  paymentStatus?: PaymentStatus;
  actions?: readonly InterventionAction[];
}

/** A person has a step tried again, and the history is long: the workflow begins again first. */
export class TriedLongEnough extends Error {
  override readonly name = 'TriedLongEnough';
}

/** Who has resolved an intervention that no person had to. */
const SYSTEM = 'system';

interface Asking {
  history: DisplayedHistory;
  /** What the workflow was started with. Absent: it has no such search attributes. */
  standing: Standing | undefined;
  update: () => OrderUpdate;
}

/** Asks people what to do about steps that were refused, and shows that the order waits for them. */
export class People {
  readonly #interventions = new Interventions();
  readonly #history: DisplayedHistory;
  readonly #update: () => OrderUpdate;
  #standing: Standing;
  #mayBeginAgain = false;

  /** Create before the workflow first waits: an answer may come at any time. */
  constructor({ history, standing, update }: Asking) {
    this.#history = history;
    this.#standing = standing ?? NOWHERE;
    this.#update = update;
  }

  /** Opens an intervention and waits for a person's decision. The order requires action until then. */
  async ask(
    step: Step,
    { detail }: Pick<Trouble, 'detail'>,
    { actions = ['retry', 'skip'], ...stuck }: Question,
  ): Promise<InterventionAction> {
    const interventionId = this.#interventions.open(actions);
    const reason = detail.slice(0, 1000);
    await bookkeeping.openIntervention({ ...this.#update(), interventionId, step, reason, ...stuck });
    const { status, waitsFor } = this.#standing;
    this.show({ status: 'requires_action', waitsFor: 'person' });
    this.#history.now(
      `**A person must decide** about ${step} (${plainText(reason)}): ` +
        `\`POST /v1/admin/interventions/${interventionId}/resolve\` with the action ${actions.map((action) => `\`${action}\``).join(' or ')}.`,
    );
    const { action, note, resolvedBy } = await this.#interventions.resolutionOf(interventionId);
    // Who decided, and why, is kept with the intervention: the customer reads the history.
    if (action === 'skip' && resolvedBy !== SYSTEM)
      this.#history.add(step, 'failed', { detail: 'skipped by a person' });
    await bookkeeping.closeIntervention({ ...this.#update(), interventionId, action, note, resolvedBy });
    this.show({ status, waitsFor });
    if (action === 'retry' && this.#mayBeginAgain && hasLongHistory()) throw new TriedLongEnough();
    return action;
  }

  /** Nothing is left to decide: what people are asked is skipped. `why` is kept with it. */
  settle(why: string): void {
    this.#interventions.settle({ action: 'skip', note: why, resolvedBy: SYSTEM });
  }

  /** Whether a person must decide before the order goes on. */
  get asked(): boolean {
    return this.#interventions.someOpen;
  }

  /** While this is done, `ask` throws `TriedLongEnough` where the history is long: this is then done again. */
  async allowingToBeginAgain(work: () => Promise<void>): Promise<void> {
    this.#mayBeginAgain = true;
    try {
      await work();
    } finally {
      this.#mayBeginAgain = false;
    }
  }

  /** How the order stands, as the Temporal Web UI's lists have it. */
  get standing(): Standing {
    return this.#standing;
  }

  /** Changes how the order stands in those lists. */
  show(change: Partial<Standing>): void {
    const changed = Object.entries(change).filter(([name, value]) => this.#standing[name as keyof Standing] !== value);
    this.#standing = { ...this.#standing, ...change };
    // Executions from before only have a status, which they set whether or not it changes.
    const { status } = change;
    const shown = showsStanding() ? Object.fromEntries(changed) : 'status' in change ? { status } : {};
    if (Object.keys(shown).length > 0) upsertSearchAttributes(attributesFor(shown));
  }
}

const NOWHERE: Standing = { status: undefined, payment: undefined, fulfillment: undefined, waitsFor: undefined };

const showsStanding = (): boolean => (workflowInfo().memo as Partial<LaneMemo> | undefined)?.showsStanding === true;
