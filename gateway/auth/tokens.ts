import { randomUUID } from 'node:crypto';
import { type CryptoKey, type JWK, SignJWT, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import { Role } from '../../activities/user.ts';
import { SettingError } from '../../platform/config.ts';
import type { Caller } from '../../platform/http/route.ts';

/** A public Ed25519 key (RFC 8037) that has a name. */
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
  /** Whose tokens hold as well: the key before this one, and the one after it. */
  publicKeys?: readonly PublicKey[];
  issuer: string;
  audience: string;
  lifetimeSeconds: number;
}

/** Whose token it is, and until when (milliseconds since 1970) that may be believed without looking again. */
export interface Verified {
  caller: Caller;
  /** Of somebody who signed in elsewhere: what is to be known of them here. */
  profile?: { name: string; email?: string };
  until: number;
}

/** Who is signed in, proved by JWT access tokens (RFC 9068) that only this platform's keys can make. */
export interface Tokens {
  issuer: string;
  issue(caller: Caller): Promise<{ accessToken: string; expiresIn: number }>;
  /** Undefined for any token that is not ours, not for us, or not in force. */
  verify(token: string): Promise<Verified | undefined>;
  /** What anybody needs to check our tokens: RFC 7517. */
  keySet: { keys: JWK[] };
  lifetimeSeconds: number;
}

/** The only algorithm: a token that names another one, `none` included, is not looked at. */
const ALGORITHM = 'EdDSA';
/** RFC 9068 section 2.1: keeps other JWTs of the same key from passing as access tokens. */
const TYPE = 'at+jwt';
// Tokens are made and checked by the same machines, whose clocks NTP holds within milliseconds of each other.
const CLOCK_TOLERANCE_SECONDS = 5;

const Claims = z.object({
  sub: z.uuid(),
  exp: z.number(),
  /** The session it belongs to; of a machine's token there is none. */
  sid: z.uuid().optional(),
  role: Role,
});
/** RFC 9068 section 2.2.3: of a machine's token, what it may do. It has no role. */
const MachineClaims = z.object({ sub: z.uuid(), exp: z.number(), role: z.never().optional(), scope: z.string() });

/** Fails with a SettingError where the key's two halves do not belong together, or two keys have one name. */
export async function createTokens(options: TokenOptions): Promise<Tokens> {
  const { key, publicKeys = [], issuer, audience, lifetimeSeconds } = options;
  const { d: _private, ...publicPart } = key;
  const keys = new Map<string, CryptoKey>();
  for (const { kid, ...rest } of [publicPart, ...publicKeys]) {
    if (keys.has(kid)) throw new SettingError(`setting JWT_PUBLIC_KEYS: there are two keys of the name ${kid}`);
    keys.set(kid, await imported(rest, kid === key.kid ? 'JWT_PRIVATE_KEY' : 'JWT_PUBLIC_KEYS'));
  }
  const signing = await imported(key, 'JWT_PRIVATE_KEY');

  return {
    issuer,
    lifetimeSeconds,
    keySet: { keys: [publicPart, ...publicKeys].map((one) => ({ ...one, alg: ALGORITHM, use: 'sig' })) },
    async issue(caller) {
      const now = Math.floor(Date.now() / 1000);
      const accessToken = await new SignJWT(claimsOf(caller, audience))
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(caller.id)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + lifetimeSeconds)
        .setJti(randomUUID())
        .sign(signing);
      return { accessToken, expiresIn: lifetimeSeconds };
    },
    async verify(token) {
      const verified = await jwtVerify(token, ({ kid }) => known(keys, kid), {
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

/** client_id is required of every access token; whoever signs in here is of one client, and a machine is its own. */
const claimsOf = ({ id, role, sessionId, scopes }: Caller, audience: string) =>
  scopes ? { client_id: id, scope: scopes.join(' ') } : { role, client_id: audience, sid: sessionId };

function verifiedOf(payload: unknown): Verified | undefined {
  const [person, machine] = [Claims.safeParse(payload).data, MachineClaims.safeParse(payload).data];
  const { exp = 0 } = person ?? machine ?? {};
  const until = (exp + CLOCK_TOLERANCE_SECONDS) * 1000;
  if (person) {
    const { sub, role, sid } = person;
    return { caller: { id: sub, role, ...(sid !== undefined && { sessionId: sid }) }, until };
  }
  // To what its scopes open a machine sees what an admin does; without them it sees nothing.
  return machine && { caller: { id: machine.sub, role: 'admin', scopes: machine.scope.split(' ') }, until };
}

/** Importing a private key checks both halves against each other. */
async function imported(key: JWK, setting: string): Promise<CryptoKey> {
  try {
    return (await importJWK(key, ALGORITHM)) as CryptoKey;
  } catch (cause) {
    throw new SettingError(`setting ${setting}: is no Ed25519 key, or its x does not belong to its d`, { cause });
  }
}

function known(keys: ReadonlyMap<string, CryptoKey>, kid: string | undefined): CryptoKey {
  const key = kid === undefined ? undefined : keys.get(kid);
  if (!key) throw new Error('this key is not ours');
  return key;
}
