import type { Wait } from '../../activities/session.ts';
import { Problem } from '../../platform/http/problem.ts';
import type { Caller } from '../../platform/http/route.ts';

/** The session that this caller's token belongs to. */
export function signedIn({ sessionId }: Caller): string {
  if (sessionId === undefined) throw new Problem(404, 'SessionNotFound', 'this access token belongs to no session');
  return sessionId;
}

/** Says when to come back, and nothing of whether there is such an account. */
export const tooManyAttempts = ({ waitSeconds }: Wait): Problem =>
  new Problem(429, 'TooManyAttempts', `too many wrong passwords: wait ${waitSeconds} seconds`, {
    headers: { 'Retry-After': String(waitSeconds) },
  });
