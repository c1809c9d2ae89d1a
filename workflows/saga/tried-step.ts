import type { PlacingStep } from '../../activities/order-status.ts';
import type { Attempted } from '../../platform/contract/operation.ts';
import { refusalAgain } from './trouble.ts';

/** What became of a step that was tried once, outside of the workflow. */
export type TriedStep =
  | { outcome: 'done'; answer?: unknown }
  | { outcome: 'refused'; code: string; message: string }
  /** A fault, or no response in time: it may have happened. */
  | { outcome: 'unknown' };

export type TriedSteps = Partial<Record<PlacingStep, TriedStep>>;

/** The steps that may have happened or not. */
export const unknownAmong = (tried: TriedSteps): PlacingStep[] =>
  (Object.keys(tried) as PlacingStep[]).filter((step) => tried[step]!.outcome === 'unknown');

/** The response of a step that was tried, as the step itself would return or throw it; undefined if there is none. */
export function responseOf<Answer>(tried: TriedStep | undefined): Attempted<Answer> | undefined {
  if (tried?.outcome === 'refused') {
    const { code, message } = tried;
    throw refusalAgain({ refusal: code, detail: `${code}: ${message}`, attempt: 1 });
  }
  return tried?.outcome === 'done' ? { attempt: 1, answer: tried.answer as Answer } : undefined;
}
