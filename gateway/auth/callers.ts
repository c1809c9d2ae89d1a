import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { UserRequests } from '../../activities/user.ts';
import type { Caller } from '../../platform/http/route.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { type ExternalTokens, verifyEither } from './external-issuer.ts';
import { withFallback } from '../with-fallback.ts';
import type { Tokens, Verified } from './tokens.ts';

/** Who calls, by the access token that was shown. */
export interface Callers {
  /** Undefined for a token that is not valid, or whose session has ended. */
  callerOf(token: string): Promise<Caller | undefined>;
}

export interface CallersOptions {
  tokens: Pick<Tokens, 'verify'>;
  ended: EndedSessions;
  /** Where people sign in, if that is not here; `users` hears of each of them. */
  external?: { tokens: ExternalTokens; users: Pick<UserRequests, 'ensureUser'> } | undefined;
}

// Whoever is active at once; an entry takes about 300 bytes.
const MOST_REMEMBERED = 10_000;
// Whoever is new waits this long for their profile; while the user service is down it is tried again next time.
const PROFILE_PATIENCE_MS = 1_000;

/**
 * Looks at a signature once: that takes a tenth of a millisecond, and a page of a shop asks ten times. What was found
 * is kept under the token's digest, never beyond its expiry, nor beyond the keys it was checked with; what was refused
 * is not kept, so nobody can fill this.
 */
export function createCallers({ tokens, ended, external }: CallersOptions): Callers {
  const verify = external ? verifyEither(tokens, external.tokens) : (token: string) => tokens.verify(token);
  const remembered = new LRUCache<string, Verified>({ max: MOST_REMEMBERED });
  return {
    async callerOf(token) {
      const digest = `${external?.tokens.keysVersion ?? 0} ${hash('sha256', token, 'base64')}`;
      const verified = remembered.get(digest) ?? (isCanonical(token) ? await verify(token) : undefined);
      if (!verified || verified.until <= Date.now()) {
        remembered.delete(digest);
        return undefined;
      }
      const { caller, profile } = verified;
      const known = !profile || remembered.has(digest) || (await isKept(external!.users, caller, profile));
      if (known) remembered.set(digest, verified);
      return ended.has(caller.sessionId ?? caller.id) ? undefined : caller;
    },
  };
}

/** RFC 7515 section 2: without padding; and without bits that mean nothing, so that a token is written in one way. */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Whether whoever signed in elsewhere has a profile here by now. */
async function isKept(
  users: Pick<UserRequests, 'ensureUser'>,
  { id, role }: Caller,
  profile: NonNullable<Verified['profile']>,
): Promise<boolean> {
  const kept = users.ensureUser({ ...profile, userId: id, role }).then(() => true);
  return withFallback(kept, { instead: false, patienceMs: PROFILE_PATIENCE_MS });
}
