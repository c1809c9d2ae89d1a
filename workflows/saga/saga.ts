import { CancellationScope, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Attempted } from '../../platform/contract/operation.ts';
import type { OrderNote } from '../../activities/order.ts';
import type { OrderStatus, PaymentStatus, Step } from '../../activities/order-status.ts';
import { Interventions } from './interventions.ts';
import type { Journal } from './displayed-history.ts';
import { orderStatusAttribute } from '../messages.ts';
import { type Trouble, troubleOf } from './trouble.ts';
import type { InOneGo } from '../order/steps.ts';
import { books, taking } from './service-clients.ts';

type Ask = () => Promise<Attempted<unknown>>;

/** How a step stands that may have happened: `refused` is the only one of which it is certain that nothing happened. */
type Standing = 'unknown' | 'done' | 'refused' | 'undone' | 'skipped';

interface Undo {
  step: Step;
  run: Ask;
  /** The refusal that says it is too late: the step's effect has gone further than we knew. */
  tooLate: string | undefined;
}

/** Carries out steps, remembers how to undo each, and leaves no step's trouble unseen. */
export class Saga {
  readonly #orderId: string;
  readonly #journal: Journal;
  readonly #interventions = new Interventions();
  readonly #undos: Undo[] = [];
  /** Of each undoable step that may have happened. */
  readonly #standing = new Map<Step, Standing>();
  readonly #triedBefore = new Map<Step, number>();
  #afterALostRun = false;
  #status: OrderStatus | undefined;

  /** `status` is what the workflow was started with in the lists. */
  constructor(orderId: string, journal: Journal, status?: OrderStatus) {
    this.#orderId = orderId;
    this.#journal = journal;
    this.#status = status;
  }

  /** What bookkeeping carries: the order, and the story since it was last written down. */
  note(): OrderNote {
    return { orderId: this.#orderId, workflowId: workflowInfo().workflowId, entries: this.#journal.take() };
  }

  /** Call this *before* the step, in the order of the steps: a step that timed out may still have happened. */
  undoWith(step: Step, run: Ask, { tooLate }: { tooLate?: string } = {}): void {
    this.#undos.push({ step, run, tooLate });
  }

  /** One forward step. Its trouble is noted, and thrown on. */
  async step<Answer>(step: Step, ask: () => Promise<Attempted<Answer>>): Promise<Answer> {
    this.#journal.note(step, 'started');
    this.#mayHaveHappened(step);
    let tries = this.#triedBefore.get(step) ?? 0;
    let told: Promise<void> | undefined;
    // What is answered at once is told with what comes next; only who waits must be told that something is under way.
    const waits = (before: number) => {
      tries += before;
      told = this.#tell();
    };
    try {
      const { attempt, answer } = await taking.run({ durable: this.#afterALostRun, waits }, ask);
      this.#stand(step, 'done');
      this.#journal.note(step, 'succeeded', { attempt: tries + attempt });
      return answer;
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.refusal) this.#stand(step, 'refused');
      this.#journal.note(step, 'failed', noteOf(trouble, tries));
      throw error;
    } finally {
      await told;
    }
  }

  /** Steps that were taken in one go, and the story of it: all of them, or those that are to be asked about again. */
  wentAhead({ entries, confirmed }: Pick<InOneGo, 'entries' | 'confirmed'>): void {
    if (confirmed) this.#journal.adopt(entries);
    for (const { step, outcome } of entries) {
      if (outcome === 'started') {
        this.#mayHaveHappened(step);
        if (!confirmed) this.#triedBefore.set(step, 1);
      } else if (confirmed) {
        this.#stand(step, 'done');
      }
    }
  }

  /**
   * Somebody has taken this order up before and left no trace here: a worker that died, or one that is thought dead
   * and still goes on. Any of the steps may have happened or may be about to, so all of them are undone if need be;
   * and none is tried at once any more, lest this run be the one that is thought dead.
   */
  followsALostRun(): void {
    this.#afterALostRun = true;
    for (const { step } of this.#undos) this.#mayHaveHappened(step);
  }

  get afterALostRun(): boolean {
    return this.#afterALostRun;
  }

  /** Past the point of no return: from here on the order only moves forward. */
  commit(): void {
    this.#undos.length = 0;
  }

  /** A step that only moves forward: where it is refused, a person decides to retry or to skip it. */
  async mustHappen(step: Step, ask: Ask, stuck: { paymentStatus?: PaymentStatus } = {}): Promise<'done' | 'skipped'> {
    for (;;) {
      try {
        await this.step(step, ask);
        return 'done';
      } catch (error) {
        const resolution = await this.#askPerson(step, troubleOf(error), stuck);
        if (resolution === 'skip') return 'skipped';
      }
    }
  }

  /**
   * Undoes every step, newest first, also when one fails; waits for a person where an undo is refused for good.
   * Answers false, with nothing undone, where it is too late: the newest step has gone on by itself.
   */
  compensate(): Promise<boolean> {
    return CancellationScope.nonCancellable(async () => {
      // An undo may take long: by then the story says why it runs.
      await this.#tell();
      const stuck: { undo: Undo; trouble: Trouble }[] = [];
      const undos = this.#undos.filter(({ step }) => this.#standing.has(step)).toReversed();
      for (const [index, undo] of undos.entries()) {
        const trouble = await this.#undo(undo);
        if (index === 0 && trouble?.refusal && trouble.refusal === undo.tooLate) return false;
        if (trouble) stuck.push({ undo, trouble });
      }
      for (const { undo, trouble } of stuck) await this.#settle(undo, trouble);
      this.commit();
      return true;
    });
  }

  /** The order's status for the Temporal Web UI's lists; undefined: none of this workflow's business. */
  show(status: OrderStatus | undefined): void {
    this.#status = status;
    upsertSearchAttributes([{ key: orderStatusAttribute, value: status ?? null }]);
  }

  /** What an order's money and goods are called once it has ended without them. */
  standing(step: Step): Standing | undefined {
    return this.#standing.get(step);
  }

  async #undo({ step, run, tooLate }: Undo): Promise<Trouble | undefined> {
    try {
      const { attempt } = await run();
      if (this.#standing.get(step) !== 'refused') this.#stand(step, 'undone');
      this.#journal.note(step, 'compensated', { attempt });
      return undefined;
    } catch (error) {
      const trouble = troubleOf(error);
      const late = trouble.refusal !== undefined && trouble.refusal === tooLate;
      this.#journal.note(step, late ? 'failed' : 'compensation_failed', noteOf(trouble));
      return trouble;
    } finally {
      await this.#tell();
    }
  }

  /** Asks a person again and again until the undo is done or given up. */
  async #settle(undo: Undo, first: Trouble): Promise<void> {
    const stuck = undo.step === 'authorizePayment' ? { paymentStatus: 'requires_action' as const } : {};
    for (let trouble: Trouble | undefined = first; trouble;) {
      if ((await this.#askPerson(undo.step, trouble, stuck)) === 'skip') return;
      trouble = await this.#undo(undo);
    }
  }

  async #askPerson(step: Step, trouble: Trouble, stuck: { paymentStatus?: PaymentStatus }): Promise<'retry' | 'skip'> {
    const interventionId = this.#interventions.open();
    await books.openIntervention({
      ...this.note(),
      interventionId,
      step,
      reason: trouble.detail.slice(0, 1000),
      ...stuck,
    });
    const before = this.#status;
    this.show('requires_action');
    const { action, note, resolvedBy } = await this.#interventions.answerTo(interventionId);
    if (action === 'skip') {
      this.#stand(step, 'skipped');
      // Who, and in which words, is kept with the intervention: the customer reads the story.
      this.#journal.note(step, 'failed', { detail: 'skipped by a person' });
    }
    await books.closeIntervention({ ...this.note(), interventionId, action, note, resolvedBy });
    this.show(before);
    return action;
  }

  #mayHaveHappened(step: Step): void {
    const undoable = this.#undos.some((undo) => undo.step === step);
    if (undoable && !this.#standing.has(step)) this.#standing.set(step, 'unknown');
  }

  #stand(step: Step, standing: Standing): void {
    if (this.#standing.has(step)) this.#standing.set(step, standing);
  }

  /** Writes the story down while the step is under way, so that people see what an order waits for. */
  #tell(): Promise<void> {
    return CancellationScope.nonCancellable(() => books.noteSteps(this.note()));
  }
}

const noteOf = ({ attempt, detail }: Trouble, triesBefore = 0) => ({
  detail,
  ...(attempt !== undefined && { attempt: triesBefore + attempt }),
});
