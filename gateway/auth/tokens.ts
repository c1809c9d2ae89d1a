import { randomUUID } from 'node:crypto';
import { type CryptoKey, type JWK, SignJWT, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import { Role } from '../../activities/user.ts';
import { SettingError } from '../../platform/config.ts';
import type { Caller } from '../../platform/http/route.ts';

/** A public Ed25519 key (RFC 8037) with an id. */
export const PublicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string().min(1).max(100),
});
export type PublicKey = z.infer<typeof PublicKey>;

export const SigningKey = PublicKey.extend({ d: z.string() });
export type SigningKey = z.infer<typeof SigningKey>;

export interface TokenOptions {
  key: SigningKey;
  /** Other accepted keys: the previous one, and the next one. */
  publicKeys?: readonly PublicKey[];
  issuer: string;
  audience: string;
  lifetimeSeconds: number;
  /** Of a guest's token, which nothing renews. Absent: `lifetimeSeconds`. */
  guestLifetimeSeconds?: number;
}

/** A token's caller, and until when (milliseconds since 1970) this result may be reused. */
export interface Verified {
  caller: Caller;
  /** Only for a person who signed in at the external issuer. */
  profile?: { name: string; email?: string };
  until: number;
}

/** Issues and verifies JWT access tokens (RFC 9068). */
export interface Tokens {
  issuer: string;
  issue(caller: Caller): Promise<{ accessToken: string; expiresIn: number }>;
  /** Undefined for a token of another issuer or audience, or one that is expired or not valid yet. */
  verify(token: string): Promise<Verified | undefined>;
  /** The public keys, as a JWK set (RFC 7517). */
  keySet: { keys: JWK[] };
  /** Of tokens that can be withdrawn before: all but those of guests. */
  lifetimeSeconds: number;
}

/** The only accepted algorithm: a token that names another one, `none` included, is rejected. */
const ALGORITHM = 'EdDSA';
/** RFC 9068 section 2.1: other JWTs of the same key are not accepted as access tokens. */
const TYPE = 'at+jwt';
// The same machines issue and verify tokens, and NTP keeps their clocks within milliseconds.
const CLOCK_TOLERANCE_SECONDS = 5;

const Claims = z.object({
  sub: z.uuid(),
  exp: z.number(),
  /** The session that the token belongs to. */
  sid: z.uuid().optional(),
  role: z.enum([...Role.options, 'guest']),
});
/** An API client's token has scopes (RFC 9068 section 2.2.3) and no role. */
const ClientClaims = z.object({ sub: z.uuid(), exp: z.number(), role: z.never().optional(), scope: z.string() });

/** Throws a SettingError if the private key's halves do not belong together, or two keys have the same id. */
export async function createTokens(options: TokenOptions): Promise<Tokens> {
  const { key, publicKeys = [], issuer, audience, lifetimeSeconds, guestLifetimeSeconds = lifetimeSeconds } = options;
  const { d: _private, ...publicPart } = key;
  const keys = new Map<string, CryptoKey>();
  for (const { kid, ...rest } of [publicPart, ...publicKeys]) {
    if (keys.has(kid)) throw new SettingError(`setting JWT_PUBLIC_KEYS: two keys have the kid ${kid}`);
    keys.set(kid, await importKey(rest, kid === key.kid ? 'JWT_PRIVATE_KEY' : 'JWT_PUBLIC_KEYS'));
  }
  const signing = await importKey(key, 'JWT_PRIVATE_KEY');

  return {
    issuer,
    lifetimeSeconds,
    keySet: { keys: [publicPart, ...publicKeys].map((one) => ({ ...one, alg: ALGORITHM, use: 'sig' })) },
    async issue(caller) {
      const now = Math.floor(Date.now() / 1000);
      const expiresIn = caller.role === 'guest' ? guestLifetimeSeconds : lifetimeSeconds;
      const accessToken = await new SignJWT(claimsOf(caller, audience))
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(caller.id)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + expiresIn)
        .setJti(randomUUID())
        .sign(signing);
      return { accessToken, expiresIn };
    },
    async verify(token) {
      const verified = await jwtVerify(token, ({ kid }) => findKey(keys, kid), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience,
        requiredClaims: ['sub', 'iat', 'exp', 'nbf', 'jti'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      }).catch(() => undefined);
      return verified && verifiedOf(verified.payload);
    },
  };
}

/** Every access token must have a client_id: an API client is its own client, and all people share one. */
const claimsOf = ({ id, role, sessionId, scopes }: Caller, audience: string) =>
  scopes ? { client_id: id, scope: scopes.join(' ') } : { role, client_id: audience, sid: sessionId };

function verifiedOf(payload: unknown): Verified | undefined {
  const [person, client] = [Claims.safeParse(payload).data, ClientClaims.safeParse(payload).data];
  const { exp = 0 } = person ?? client ?? {};
  const until = (exp + CLOCK_TOLERANCE_SECONDS) * 1000;
  if (person) {
    const { sub, role, sid } = person;
    return { caller: { id: sub, role, ...(sid !== undefined && { sessionId: sid }) }, until };
  }
  // Within its scopes an API client has an admin's view; outside them it may do nothing.
  return client && { caller: { id: client.sub, role: 'admin', scopes: client.scope.split(' ') }, until };
}

/** Importing a private key also checks that its two halves belong together. */
async function importKey(key: JWK, setting: string): Promise<CryptoKey> {
  try {
    return (await importJWK(key, ALGORITHM)) as CryptoKey;
  } catch (cause) {
    throw new SettingError(`setting ${setting}: is not a valid Ed25519 key, or its x does not match its d`, { cause });
  }
}

function findKey(keys: ReadonlyMap<string, CryptoKey>, kid: string | undefined): CryptoKey {
  const key = kid === undefined ? undefined : keys.get(kid);
  if (!key) throw new Error('unknown key');
  return key;
}
