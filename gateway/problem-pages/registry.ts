import { ABOUT_CALLERS } from './about-callers.ts';
import { ABOUT_CHANGES } from './about-changes.ts';
import { ABOUT_REQUESTS } from './about-requests.ts';
import { ABOUT_STATE } from './about-state.ts';

/** What a problem means, and what a client should do about it. Names of fields and headers stand in backticks. */
export interface ProblemDescription {
  status: number;
  meaning: string;
  action: string;
}

/** Every problem of the API, by its code. The `type` of a problem document is the path of its page. */
export const PROBLEMS = { ...ABOUT_REQUESTS, ...ABOUT_CALLERS, ...ABOUT_STATE, ...ABOUT_CHANGES } satisfies Record<
  string,
  ProblemDescription
>;

type ProblemCode = keyof typeof PROBLEMS;

/** A status with one of its codes. */
export type StatusAndCode = {
  [Code in ProblemCode]: readonly [status: (typeof PROBLEMS)[Code]['status'], code: Code];
}[ProblemCode];
