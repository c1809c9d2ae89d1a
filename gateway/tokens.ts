import { randomUUID } from 'node:crypto';
import { type JWK, type JWTPayload, SignJWT, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import { Role } from '../activities/user.ts';
import { SettingError } from '../platform/config.ts';
import type { Caller } from '../platform/http/route.ts';

/** A private Ed25519 key (RFC 8037) that has a name. */
export const SigningKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string().min(1).max(100),
});
export type SigningKey = z.infer<typeof SigningKey>;

export interface TokenOptions {
  key: SigningKey;
  issuer: string;
  audience: string;
  lifetimeSeconds: number;
}

/** Who is signed in, proved by JWT access tokens (RFC 9068) that only this platform's key can make. */
export interface Tokens {
  issue(caller: Caller): Promise<{ accessToken: string; expiresIn: number }>;
  /** Whose token this is; undefined for any token that is not ours, not for us, or not in force. */
  callerOf(token: string): Promise<Caller | undefined>;
  /** What anybody needs to check our tokens: RFC 7517. */
  keySet: { keys: JWK[] };
}

/** The only algorithm: a token that names another one, `none` included, is not looked at. */
const ALGORITHM = 'EdDSA';
/** RFC 9068 section 2.1: keeps other JWTs of the same key from passing as access tokens. */
const TYPE = 'at+jwt';
// Tokens are made and checked by the same machines, whose clocks NTP holds within milliseconds of each other.
const CLOCK_TOLERANCE_SECONDS = 5;

const Claims = z.object({ sub: z.uuid(), role: Role });

/** Fails with a SettingError where the key's two halves do not belong together. */
export async function createTokens({ key, issuer, audience, lifetimeSeconds }: TokenOptions): Promise<Tokens> {
  const { d: _private, ...publicPart } = key;
  const publicKey = { ...publicPart, alg: ALGORITHM, use: 'sig' };
  const [signing, verifying] = await keysOf(key, publicPart);

  return {
    keySet: { keys: [publicKey] },
    async issue({ id, role }) {
      const now = Math.floor(Date.now() / 1000);
      // client_id is required of every access token; there is one client, whoever signs in here.
      const accessToken = await new SignJWT({ role, client_id: audience })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(id)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + lifetimeSeconds)
        .setJti(randomUUID())
        .sign(signing);
      return { accessToken, expiresIn: lifetimeSeconds };
    },
    async callerOf(token) {
      const payload = await jwtVerify(token, ({ kid }) => knownKey(kid === key.kid, verifying), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer,
        audience,
        requiredClaims: ['sub', 'iat', 'exp', 'nbf', 'jti'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      }).then(
        ({ payload }): JWTPayload | undefined => payload,
        () => undefined,
      );
      const claims = Claims.safeParse(payload);
      return claims.success ? { id: claims.data.sub, role: claims.data.role } : undefined;
    },
  };
}

/** Importing checks both halves against each other. */
async function keysOf(key: SigningKey, publicPart: Omit<SigningKey, 'd'>) {
  try {
    return await Promise.all([importJWK(key, ALGORITHM), importJWK(publicPart, ALGORITHM)]);
  } catch (cause) {
    throw new SettingError('setting JWT_PRIVATE_KEY: is no Ed25519 key, or its x does not belong to its d', { cause });
  }
}

function knownKey<Key>(known: boolean, key: Key): Key {
  if (!known) throw new Error('this key is not ours');
  return key;
}
