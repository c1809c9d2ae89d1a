import { ChildWorkflowFailure, TerminatedFailure, executeChild, uuid4, workflowInfo } from '@temporalio/workflow';
import type { AskedStep } from '../../activities/intervention-decisions.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { MOST_ENDED, type RequiredStepInput, requiredStepId } from '../required-step/messages.ts';
import type { RequiredStepResult, requiredStepWorkflow } from '../required-step/workflow.ts';
import { EVENTS_OF_A_CALL, hasLongHistory } from './long-history.ts';
import type { Question } from './people.ts';
import type { Saga } from './saga.ts';
import { type StepCall, asData } from './step-services.ts';
import { type Trouble, refusalAgain, troubleOf } from './trouble.ts';

/** A step that must happen, or be undone, unless a person decides otherwise. */
export interface RequiredStep extends Question {
  step: AskedStep;
  /** Each must be answered. They do not depend on one another. */
  calls: readonly StepCall<unknown>[];
  /** Whether the calls take the step or undo it. */
  does: 'take' | 'undo';
  /** The refusal after which nothing is asked: it is thrown. */
  unless?: string | undefined;
  /** Why it was refused before: a person is asked first. */
  trouble?: Trouble | undefined;
  /** What was answered before, by call; null: not yet. */
  answered?: readonly (Answered | null)[] | undefined;
}

/** JSON leaves out an answer that is undefined. */
export interface Answered {
  answer?: unknown;
}

/** What came of it: the answers, in the order of the calls; or what a person decided about this trouble. */
export type Settled = { answers: unknown[] } | { action: Exclude<InterventionAction, 'retry'>; trouble: Trouble };

/** Goes on in a workflow with a history of its own, and returns the answers to all calls. */
export type GoOn = (step: RequiredStep) => Promise<Settled>;

/**
 * Makes all calls until each is answered. Where some are refused, a person decides whether they are made again, however
 * often: where the history is long, `goOn` takes over what is left.
 */
export async function untilSettled(
  saga: Saga,
  required: RequiredStep,
  goOn: GoOn = (step) => inItsOwnWorkflow(saga, step),
): Promise<Settled> {
  const { step, paymentStatus, inPlaceOf } = required;
  const answered = required.calls.map((_call, index) => required.answered?.[index] ?? null);
  for (let { trouble } = required; ;) {
    const left = [...required.calls.entries()].filter(([index]) => answered[index] === null);
    // The first call of a single step is made here: the other workflow would cost more.
    if ((trouble || left.length > 1) && hasLongHistory(EVENTS_OF_A_CALL * left.length)) {
      return goOn({ ...required, trouble, answered });
    }
    if (trouble) {
      const action = await saga.askPerson(step, trouble, { paymentStatus, inPlaceOf });
      if (action !== 'retry') return { action, trouble };
    }
    trouble = undefined;
    for (const [index, call] of left) {
      try {
        answered[index] = { answer: await saga.makeRequired(required, call) };
      } catch (error) {
        trouble ??= troubleUnless(required, error);
      }
    }
    if (!trouble) return { answers: answered.map((one) => one?.answer) };
  }
}

function troubleUnless({ unless }: RequiredStep, error: unknown): Trouble {
  const trouble = troubleOf(error);
  if (unless !== undefined && trouble.refusal === unless) throw error;
  return trouble;
}

async function inItsOwnWorkflow(saga: Saga, required: RequiredStep): Promise<Settled> {
  const input: RequiredStepInput = { ...required, orderId: saga.orderId, calls: required.calls.map(asData) };
  const result = await saga.people.askElsewhere(required.step, () => resultOf(input));
  if ('refused' in result) throw refusalAgain(result.refused);
  if ('answers' in result) saga.settledElsewhere(required);
  return result;
}

async function resultOf(required: RequiredStepInput): Promise<RequiredStepResult> {
  const { step, does } = required;
  let input = required;
  for (;;) {
    const workflowId = requiredStepId(workflowInfo().workflowId, uuid4());
    try {
      return await executeChild<typeof requiredStepWorkflow>('requiredStepWorkflow', {
        workflowId,
        args: [input],
        staticSummary: `${does === 'undo' ? 'undo: ' : ''}${step}, until it is settled`,
      });
    } catch (error) {
      if (!(error instanceof ChildWorkflowFailure && error.cause instanceof TerminatedFailure)) throw error;
      // The step is still required. What was asked may be open, and nobody would hear the answer: it is asked again first.
      const { trouble = ENDED, inPlaceOf = [] } = input;
      input = { ...input, trouble, inPlaceOf: [...inPlaceOf, workflowId].slice(-MOST_ENDED) };
    }
  }
}

const ENDED: Trouble = {
  refusal: undefined,
  detail: 'an operator has terminated the workflow of this step',
  attempt: undefined,
};
