import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { UserRequests } from '../../activities/user.ts';
import type { Caller } from '../../platform/http/route.ts';
import { withFallback } from '../upstream/with-fallback.ts';
import type { EndedSessions } from './ended-sessions.ts';
import { type ExternalTokens, verifyEither } from './external-issuer.ts';
import type { Tokens, Verified } from './tokens.ts';

/** Finds the caller that an access token belongs to. */
export interface Callers {
  /** Undefined if the token is invalid, its session has ended, or its user is deactivated. */
  callerOf(token: string): Promise<Caller | undefined>;
}

export interface CallersOptions {
  tokens: Pick<Tokens, 'verify'>;
  ended: EndedSessions;
  /** The issuer where people sign in, if not here; `users` gets a profile for each of them. */
  external?: { tokens: ExternalTokens; users: Pick<UserRequests, 'ensureUser'> } | undefined;
}

// More than the callers active at once; an entry takes about 300 bytes.
const MAX_REMEMBERED = 10_000;
// A new person's first request waits this long for their profile. If that fails, the next request tries again.
const PROFILE_TIMEOUT_MS = 1_000;
// Their sessions are not here, so their profile is read again to see whether it is deactivated: sooner than EndedSessions
// forgets it, which is after 90 s at the earliest.
const PROFILE_KNOWN_MS = 60_000;

interface Remembered {
  verified: Verified;
  /** When the profile must be read again, in milliseconds since 1970. */
  profileUntil: number;
}

/**
 * Verifies each signature once: it takes a tenth of a millisecond, and a shop's page sends ten requests. The result is
 * cached under the token's digest until the token expires or the issuer's keys change. Invalid tokens are not cached,
 * so that nobody can fill the cache with them.
 */
export function createCallers({ tokens, ended, external }: CallersOptions): Callers {
  const verify = external ? verifyEither(tokens, external.tokens) : (token: string) => tokens.verify(token);
  const remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED });
  return {
    async callerOf(token) {
      const digest = `${external?.tokens.keysVersion ?? 0} ${hash('sha256', token, 'base64')}`;
      const known = remembered.get(digest);
      const verified = known?.verified ?? (isCanonical(token) ? await verify(token) : undefined);
      if (!verified || verified.until <= Date.now()) {
        remembered.delete(digest);
        return undefined;
      }
      const { caller, profile } = verified;
      if (!known || known.profileUntil <= Date.now()) {
        const state = profile ? await ensureProfile(external!.users, caller, profile) : 'active';
        if (state === 'deactivated') {
          remembered.delete(digest);
          return undefined;
        }
        // While the user service is away, people whom it knew stay known.
        const profileUntil = profile ? Date.now() + PROFILE_KNOWN_MS : Infinity;
        if (state === 'active' || known) remembered.set(digest, { verified, profileUntil });
      }
      return ended.has(caller.sessionId ?? caller.id) ? undefined : caller;
    },
  };
}

/** RFC 7515 section 2: no padding. Unused bits must be zero too, so that each token has exactly one spelling. */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

/** Makes sure that a person who signed in at the external issuer has a profile here, and returns its state. */
async function ensureProfile(
  users: Pick<UserRequests, 'ensureUser'>,
  { id, role }: Caller,
  profile: NonNullable<Verified['profile']>,
): Promise<'active' | 'deactivated' | 'unknown'> {
  // An external issuer has no guests.
  const ensured = users
    .ensureUser({ ...profile, userId: id, role: role === 'guest' ? 'customer' : role })
    .then(({ active }) => (active ? ('active' as const) : ('deactivated' as const)));
  return withFallback(ensured, { fallback: 'unknown' as const, timeoutMs: PROFILE_TIMEOUT_MS });
}
