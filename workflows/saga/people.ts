import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { type AskedStep, decisionsAbout } from '../../activities/intervention-decisions.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import type { PaymentStatus } from '../../activities/order-status.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import { plainText } from '../display/markdown.ts';
import { bookkeeping } from './bookkeeping.ts';
import type { DisplayedHistory } from './displayed-history.ts';
import { Interventions } from './interventions.ts';
import type { LaneMemo } from '../order/messages.ts';
import { type Standing, attributesFor } from './standing.ts';
import type { Trouble } from './trouble.ts';

/** How the payment stands until a person has decided. Absent: as before. */
export interface Question {
  paymentStatus?: PaymentStatus | undefined;
  /** The workflows that have ended while they asked, and in whose place this one asks. */
  inPlaceOf?: string[] | undefined;
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
  /** Of the questions that are open, here and elsewhere; the order stands as before once there are none. */
  #open = 0;
  #before: Pick<Standing, 'status' | 'waitsFor'> | undefined;
  /** How many questions other workflows ask for this one. */
  #elsewhere = 0;

  /** Create before the workflow first waits: an answer may come at any time. */
  constructor({ history, standing, update }: Asking) {
    this.#history = history;
    this.#standing = standing ?? NOWHERE;
    this.#update = update;
  }

  /** Opens an intervention and waits for a person's decision. The order requires action until then. */
  async ask(
    step: AskedStep,
    { detail }: Pick<Trouble, 'detail'>,
    { paymentStatus, inPlaceOf }: Question,
  ): Promise<InterventionAction> {
    const reason = detail.slice(0, 1000);
    const actions = decisionsAbout(step, reason);
    const interventionId = this.#interventions.open(actions);
    const more = { ...(paymentStatus && { paymentStatus }), ...(inPlaceOf && { inPlaceOf }) };
    const question = { interventionId, step, reason, ...more };
    await bookkeeping.openIntervention({ ...this.#update(), ...question });
    this.#showAsked();
    this.#history.now(
      `**A person must decide** about ${step} (${plainText(reason)}): ` +
        `\`POST /v1/admin/interventions/${interventionId}/resolve\` with the action ${actions.map((action) => `\`${action}\``).join(' or ')}.`,
    );
    const { action, note, resolvedBy } = await this.#interventions.resolutionOf(interventionId);
    // Who decided, and why, is kept with the intervention: the customer reads the history.
    if (action === 'skip' && resolvedBy !== SYSTEM)
      this.#history.add(step, 'failed', { detail: 'skipped by a person' });
    await bookkeeping.closeIntervention({ ...this.#update(), interventionId, action, note, resolvedBy });
    this.#showAnswered();
    return action;
  }

  /** Nothing is left to decide: what people are asked is skipped. `why` is kept with it. */
  settle(why: string): void {
    this.#interventions.settle({ action: 'skip', note: why, resolvedBy: SYSTEM });
  }

  /** Another workflow asks about this step, and this one waits for it. */
  async askElsewhere<Outcome>(step: AskedStep, work: () => Promise<Outcome>): Promise<Outcome> {
    this.#elsewhere += 1;
    this.#showAsked();
    this.#history.now(`**Waits for ${step}**, about which a workflow of its own asks people: see Relationships.`);
    try {
      return await work();
    } finally {
      this.#elsewhere -= 1;
      this.#showAnswered();
    }
  }

  #showAsked(): void {
    const { status, waitsFor } = this.#standing;
    if (this.#open === 0) this.#before = { status, waitsFor };
    this.#open += 1;
    this.show({ status: 'requires_action', waitsFor: 'person' });
  }

  #showAnswered(): void {
    this.#open -= 1;
    if (this.#open === 0) this.show(this.#before!);
  }

  /** Whether a person must decide before the order goes on. */
  get asked(): boolean {
    return this.#elsewhere > 0 || this.#interventions.someOpen;
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
