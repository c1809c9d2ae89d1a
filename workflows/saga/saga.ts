import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { AskedStep } from '../../activities/intervention-decisions.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { Step } from '../../activities/order-status.ts';
import type { Attempted } from '../../platform/contract/operation.ts';
import { bookkeeping } from './bookkeeping.ts';
import type { DisplayedHistory } from './displayed-history.ts';
import { momentInWords } from '../display/markdown.ts';
import { People, type Question } from './people.ts';
import { FORWARD_LIMIT_MS } from './policies.ts';
import { type RequiredStep, untilSettled } from './required-step.ts';
import type { Standing } from './standing.ts';
import { type StepCall, forwardServices, servicesUntilAnswered } from './step-services.ts';
import { type Trouble, troubleOf } from './trouble.ts';

/**
 * What is known of a step that may have happened. Only `refused` says for certain that nothing happened. `awaited`: it happens
 * when somebody else acts; its compensation tells whether it has.
 */
type StepState = 'unknown' | 'awaited' | 'done' | 'refused' | 'undone' | 'skipped';

/** It may say whether it has released something. */
type Compensation = StepCall<void | { released: boolean }>;

interface Undo {
  step: AskedStep;
  call: Compensation;
  /** Where it consists of several calls: those that have not been answered. */
  left: () => StepCall<unknown>[];
  /** The refusal that says it is too late: the step's effect has gone further than the workflow knew. */
  tooLate: string | undefined;
}

type OnWait = (failedTries: number) => void;

/** Takes steps, keeps what compensates each of them, and records whatever goes wrong. */
export class Saga {
  readonly orderId: string;
  readonly #history: DisplayedHistory;
  /** Who is asked where a step is refused. */
  readonly people: People;
  readonly #undos: Undo[] = [];
  /** Of each undoable step that may have happened. */
  readonly #states = new Map<Step, StepState>();
  readonly #triesBefore = new Map<Step, number>();
  #afterLostAttempt = false;

  /** `standing` is what the workflow was started with, for the Web UI's lists. */
  constructor(orderId: string, history: DisplayedHistory, standing?: Standing) {
    this.orderId = orderId;
    this.#history = history;
    this.people = new People({ history, standing, update: () => this.update() });
  }

  /** What bookkeeping stores: the order, and its history entries since the last time. */
  update(): OrderUpdate {
    return { orderId: this.orderId, workflowId: workflowInfo().workflowId, entries: this.#history.takeUnsaved() };
  }

  /**
   * Registers what compensates a step. Call it *before* the step, in the order of the steps: a step that timed out may
   * still have happened.
   */
  undoWith(
    step: AskedStep,
    call: Compensation,
    { tooLate, left = () => [call] }: { tooLate?: string; left?: Undo['left'] } = {},
  ): void {
    this.#undos.push({ step, call, left, tooLate });
  }

  /** Takes one forward step, in the order's lane; durably if it was tried before. Records its trouble, and throws it. */
  step<Answer>(step: Step, call: StepCall<Answer>): Promise<Answer> {
    const waiting = () =>
      `**Waits for ${step}** until ${momentInWords(new Date(Date.now() + FORWARD_LIMIT_MS))}; then the order is undone and rejected.`;
    return this.#take({ step, waiting }, (onWait) =>
      call(forwardServices({ durable: this.#afterLostAttempt || this.#triesBefore.has(step), onWait })),
    );
  }

  /**
   * Waits until somebody else makes a step happen that was taken. Records what ends the wait in vain as the outcome of
   * `waiting`, and throws it.
   */
  async wait(step: Step, { as: waiting, until }: { as: Step; until: () => Promise<void> }): Promise<void> {
    this.#setState(step, 'awaited');
    try {
      await until();
      this.#setState(step, 'done');
    } catch (error) {
      this.#history.add(waiting, 'failed', detailsOf(troubleOf(error)));
      throw error;
    }
  }

  /** Takes one step that is retried until its service responds. Records a refusal, and throws it. */
  stepUntilAnswered<Answer>(step: Step, call: StepCall<Answer>): Promise<Answer> {
    const waiting = () => `**Waits for ${step}**, which is retried until its service answers: see Pending Activities.`;
    return this.#take({ step, waiting }, (onWait) => call(servicesUntilAnswered({ onWait })));
  }

  /** Takes one step of a change that can be given up, durably. Records its trouble, and throws it. */
  change<Answer>(step: Step, call: StepCall<Answer>): Promise<Answer> {
    const waiting = () =>
      `**Waits for ${step}** until ${momentInWords(new Date(Date.now() + FORWARD_LIMIT_MS))}; then the change is given up.`;
    return this.#take({ step, waiting, ofPlacing: false }, (onWait) =>
      call(forwardServices({ durable: true, onWait })),
    );
  }

  /** Undoes one step of a change, and retries until its service responds. Records a refusal, and throws it. */
  async undoChange<Answer>(
    step: Step,
    call: StepCall<Answer>,
    { tooLate }: { tooLate?: string } = {},
  ): Promise<Answer> {
    this.#history.now(beingUndone(step));
    try {
      const { attempt, answer } = await call(servicesUntilAnswered());
      this.#history.add(step, 'compensated', { attempt });
      return answer;
    } catch (error) {
      const trouble = troubleOf(error);
      const late = trouble.refusal !== undefined && trouble.refusal === tooLate;
      this.#history.add(step, late ? 'failed' : 'compensation_failed', detailsOf(trouble));
      throw error;
    }
  }

  /** A step that only moves forward: where it is refused, a person decides whether to retry or to skip it. */
  async mustHappen(step: AskedStep, call: StepCall<unknown>, question: Question = {}): Promise<'done' | 'skipped'> {
    const settled = await untilSettled(this, { step, calls: [call], does: 'take', ...question });
    return 'action' in settled ? 'skipped' : 'done';
  }

  /** Undoes one step of a change: where that is refused, a person decides whether to retry or to skip it. */
  async mustUndo(step: AskedStep, ...calls: StepCall<unknown>[]): Promise<void> {
    if (calls.length > 0) await untilSettled(this, { step, calls, does: 'undo' });
  }

  /** One call of a required step, which is retried until its service responds. Records a refusal, and throws it. */
  makeRequired<Answer>({ step, does, unless }: RequiredStep, call: StepCall<Answer>): Promise<Answer> {
    if (does === 'undo') return this.undoChange(step, call, unless === undefined ? {} : { tooLate: unless });
    const waiting = () => `**Waits for ${step}**, which is retried until its service answers: see Pending Activities.`;
    return this.#take({ step, waiting, ofPlacing: false }, (onWait) => call(servicesUntilAnswered({ onWait })));
  }

  /** Another workflow has made a required step happen. */
  settledElsewhere({ step, does }: RequiredStep): void {
    this.#history.add(step, does === 'undo' ? 'compensated' : 'succeeded');
  }

  /** Every undoable step has happened outside of this workflow. `taken`: the steps, as far as it was told of them. */
  allHappened(taken?: readonly string[]): void {
    for (const { step } of this.#undos) {
      // A bug of this code: confirming an order without one of its steps would go unnoticed.
      if (taken && !taken.includes(step)) throw new Error(`the order was confirmed without ${step}`);
      this.#states.set(step, 'done');
    }
  }

  /** These steps were tried before this workflow began, and may have happened. */
  resumeAfter(tried: readonly Step[]): void {
    for (const step of tried) {
      this.#mayHaveHappened(step);
      this.#triesBefore.set(step, 1);
    }
  }

  /**
   * An earlier attempt at this order left no trace here: its worker died, or is thought dead and goes on. Any step may
   * have happened or may still happen, so all of them are compensated if need be; and all are durable from here on, lest
   * this attempt be the one that is thought dead.
   */
  resumeAfterLostAttempt(): void {
    this.#afterLostAttempt = true;
    for (const { step } of this.#undos) this.#mayHaveHappened(step);
  }

  get afterLostAttempt(): boolean {
    return this.#afterLostAttempt;
  }

  /** Past the point of no return: from here on the order only moves forward. */
  commit(): void {
    this.#undos.length = 0;
  }

  /**
   * Compensates every step, newest first, also when one fails; waits for a person where a compensation is refused.
   * Returns false, with nothing undone, where it is too late: the newest step has gone further by itself.
   */
  compensate(): Promise<boolean> {
    return CancellationScope.nonCancellable(async () => {
      // A compensation may take long: by then the history says why it runs.
      await this.#saveHistory();
      const stuck: { undo: Undo; trouble: Trouble }[] = [];
      const undos = this.#undos.filter(({ step }) => this.#states.has(step)).toReversed();
      for (const [index, undo] of undos.entries()) {
        const trouble = await this.#undo(undo);
        if (index === 0 && trouble?.refusal && trouble.refusal === undo.tooLate) return false;
        if (trouble) stuck.push({ undo, trouble });
      }
      for (const { undo, trouble } of stuck) await this.#undoWithPerson(undo, trouble);
      this.commit();
      return true;
    });
  }

  /** Whether there are history entries that are not stored yet. */
  get hasUnsaved(): boolean {
    return this.#history.hasUnsaved;
  }

  /** Stores them. */
  save(): Promise<void> {
    return this.#saveHistory();
  }

  /** What became of a step. Undefined where it cannot have happened. */
  stateOf(step: Step): StepState | undefined {
    return this.#states.get(step);
  }

  async #take<Answer>(
    { step, waiting, ofPlacing = true }: { step: Step; waiting: () => string; ofPlacing?: boolean },
    take: (onWait: OnWait) => Promise<Attempted<Answer>>,
  ): Promise<Answer> {
    this.#history.add(step, 'started');
    if (ofPlacing) this.#mayHaveHappened(step);
    let tries = ofPlacing ? (this.#triesBefore.get(step) ?? 0) : 0;
    let saved: Promise<void> | undefined;
    // A step that returns at once is stored with what comes next; only a wait must be visible while it lasts.
    const onWait = (failedTries: number) => {
      tries += failedTries;
      this.#history.now(waiting());
      saved = this.#saveHistory();
    };
    try {
      const { attempt, answer } = await take(onWait);
      if (ofPlacing) this.#setState(step, 'done');
      this.#history.add(step, 'succeeded', { attempt: tries + attempt });
      return answer;
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.refusal && ofPlacing) this.#setState(step, 'refused');
      this.#history.add(step, 'failed', detailsOf(trouble, tries));
      throw error;
    } finally {
      await saved;
    }
  }

  async #undo({ step, call, tooLate }: Undo): Promise<Trouble | undefined> {
    this.#history.now(beingUndone(step));
    try {
      const { attempt, answer } = await call(servicesUntilAnswered());
      this.#undone(step, answer);
      this.#history.add(step, 'compensated', { attempt });
      return undefined;
    } catch (error) {
      const trouble = troubleOf(error);
      const late = trouble.refusal !== undefined && trouble.refusal === tooLate;
      this.#history.add(step, late ? 'failed' : 'compensation_failed', detailsOf(trouble));
      return trouble;
    } finally {
      await this.#saveHistory();
    }
  }

  /** Asks a person until the compensation is done or skipped. */
  async #undoWithPerson({ step, left }: Undo, trouble: Trouble): Promise<void> {
    const stuck: Question = step === 'authorizePayment' ? { paymentStatus: 'requires_action' } : {};
    const calls = left().map((call) => this.#storingRefusals(call));
    const settled = await untilSettled(this, { step, calls, does: 'undo', trouble, ...stuck });
    if ('action' in settled) return this.#setState(step, 'skipped');
    this.#undone(step, settled.answers[0] as { released: boolean } | undefined);
    await this.#saveHistory();
  }

  /** Stores the history after each refusal, as executions from before required steps do. */
  #storingRefusals(call: StepCall<unknown>): StepCall<unknown> {
    return async (ask) => {
      try {
        return await call(ask);
      } catch (error) {
        await this.#saveHistory();
        throw error;
      }
    };
  }

  #undone(step: Step, answer: { released: boolean } | void): void {
    const state = this.#states.get(step);
    const happened = state === 'awaited' ? answer?.released === true : state !== 'refused';
    this.#setState(step, happened ? 'undone' : 'refused');
  }

  /** Asks a person, and returns what they decided. */
  askPerson(step: AskedStep, trouble: Pick<Trouble, 'detail'>, question: Question = {}): Promise<InterventionAction> {
    return this.people.ask(step, trouble, question);
  }

  #mayHaveHappened(step: Step): void {
    const undoable = this.#undos.some((undo) => undo.step === step);
    if (undoable && !this.#states.has(step)) this.#states.set(step, 'unknown');
  }

  #setState(step: Step, state: StepState): void {
    if (this.#states.has(step)) this.#states.set(step, state);
  }

  /** Stores the history while something is under way, so that people see what an order waits for. */
  #saveHistory(): Promise<void> {
    return CancellationScope.nonCancellable(() => bookkeeping.noteSteps(this.update()));
  }
}

const beingUndone = (step: Step): string =>
  `**Being undone**: waits for the compensation of ${step}, which is retried until it succeeds.`;

const detailsOf = ({ attempt, detail }: Trouble, triesBefore = 0) => ({
  detail,
  ...(attempt !== undefined && { attempt: triesBefore + attempt }),
});
