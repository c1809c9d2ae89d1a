import { createHash } from 'node:crypto';
import { type JWTPayload, decodeJwt, jwtVerify } from 'jose';
import { z } from 'zod';
import { Email, PersonName } from '../../activities/user.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { Caller, StaffRole } from '../../platform/http/route.ts';
import { IssuerUnavailable, RemoteKeys } from './remote-keys.ts';
import type { Tokens, Verified } from './tokens.ts';

/** An OpenID provider where people sign in instead of here. */
export interface ExternalIssuer {
  issuer: string;
  /** Unset: taken from the issuer's discovery document. */
  keysUrl: string | undefined;
  audience: string;
  /** Accepted algorithms, all asymmetric. A token cannot choose another. */
  algorithms: readonly string[];
  /** Name of the claim, or a path of names separated by dots. */
  roleClaim: string;
  /** The value that the claim has, or contains, for an admin. */
  adminValue: string;
  /** The same for other roles of staff. Unset: nobody has the role. */
  staffValues?: Readonly<Partial<Record<Exclude<StaffRole, 'admin'>, string | undefined>>>;
}

/** The issuer's clocks are not ours. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** The `typ` values of access tokens; many issuers omit it. ID tokens are rejected by their audience, the client. */
const TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt', undefined]);

const Claims = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  email: Email.optional().catch(undefined),
  // Some issuers send the text instead of the boolean of OpenID Connect Core section 5.1.
  email_verified: z
    .union([z.boolean(), z.literal('true').transform(() => true)])
    .optional()
    .catch(undefined),
  name: PersonName.optional().catch(undefined),
});

/** Verifies tokens of an external issuer. A person's user id here derives from the issuer and the subject. */
export class ExternalTokens {
  readonly issuer: string;
  readonly #options: ExternalIssuer;
  readonly #keys: RemoteKeys;
  readonly #logger: Logger;

  constructor(options: ExternalIssuer, logger: Logger) {
    this.issuer = options.issuer;
    this.#options = options;
    this.#logger = logger;
    this.#keys = new RemoteKeys(options, logger);
  }

  /** Changes with the issuer's keys: tokens verified before must be verified again. */
  get keysVersion(): number {
    return this.#keys.version;
  }

  /** Reads the issuer's current keys; without it, withdrawn keys stay valid. */
  refreshKeys(): Promise<void> {
    return this.#keys.refresh();
  }

  /** Undefined for an invalid token; throws IssuerUnavailable if the issuer's keys are needed and cannot be read. */
  async verify(token: string): Promise<Verified | undefined> {
    const { issuer, audience, algorithms } = this.#options;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keys.key, {
        algorithms: [...algorithms],
        issuer,
        audience,
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
      });
      return TYPES.has(protectedHeader.typ?.toLowerCase()) ? this.#verified(payload) : undefined;
    } catch (error) {
      if (error instanceof IssuerUnavailable) throw error;
      return undefined;
    }
  }

  #verified(payload: JWTPayload): Verified | undefined {
    const claims = Claims.safeParse(payload).data;
    if (!claims) return undefined;
    const { sub, exp, email, email_verified: verified, name = 'Customer' } = claims;
    const id = userIdOf(this.issuer, sub);
    // The profile gets no address then, and its owner no mail.
    if (payload.email !== undefined && !(email && verified)) {
      const reason = email ? 'the claim email_verified is not true' : 'the claim email is not an e-mail address';
      this.#logger.warn('e-mail address of the external issuer not used', { userId: id, reason });
    }
    return {
      caller: { id, role: this.#roleOf(payload) },
      profile: { name, ...(email && verified && { email }) },
      until: (exp + CLOCK_TOLERANCE_SECONDS) * 1000,
    };
  }

  #roleOf(payload: JWTPayload): Caller['role'] {
    const { roleClaim, adminValue, staffValues = {} } = this.#options;
    const value = payload[roleClaim] ?? roleClaim.split('.').reduce<unknown>(fieldOf, payload);
    const has = (name: string | undefined) =>
      name !== undefined && (Array.isArray(value) ? value.includes(name) : value === name);
    if (has(adminValue)) return 'admin';
    return (['support', 'fulfilment', 'viewer'] as const).find((role) => has(staffValues[role])) ?? 'customer';
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

/**
 * Chooses the rules by the issuer that a token names, and then verifies that claim like every other. Own tokens are
 * accepted for API clients and guests only, because people sign in at the external issuer.
 */
export const verifyEither = (own: Pick<Tokens, 'verify'>, external: ExternalTokens) => async (token: string) => {
  if (issuerOf(token) === external.issuer) return external.verify(token);
  const verified = await own.verify(token);
  return verified?.caller.scopes || verified?.caller.role === 'guest' ? verified : undefined;
};

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** A UUID version 5 (RFC 9562 section 5.5): a person keeps the same id, even with a new e-mail address. */
export function userIdOf(issuer: string, subject: string): string {
  // The URL namespace of RFC 9562 section 6.6. JSON separates issuer and subject unambiguously.
  const namespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');
  const hash = createHash('sha1')
    .update(namespace)
    .update(JSON.stringify([issuer, subject]))
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
