import type { Wait } from '../../activities/session.ts';
import { Problem } from '../../platform/http/problem.ts';

/** Says when to try again, and nothing about whether the account exists. */
export const tooManyAttempts = ({ waitSeconds }: Wait): Problem =>
  new Problem(429, 'TooManyAttempts', `too many wrong passwords; try again in ${waitSeconds} seconds`, {
    headers: { 'Retry-After': String(waitSeconds) },
  });
