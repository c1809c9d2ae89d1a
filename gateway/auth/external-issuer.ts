import { createHash } from 'node:crypto';
import { type JWTPayload, decodeJwt, jwtVerify } from 'jose';
import { z } from 'zod';
import { Email, PersonName } from '../../activities/user.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { IssuerUnavailable, RemoteKeys } from './remote-keys.ts';
import type { Tokens, Verified } from './tokens.ts';

/** Somebody else's OpenID provider, where people sign in instead of here. */
export interface ExternalIssuer {
  issuer: string;
  /** Unset: what the issuer's own discovery document says. */
  keysUrl: string | undefined;
  audience: string;
  /** Fixed here, never by a token; asymmetric ones only. */
  algorithms: readonly string[];
  /** Name of the claim, or a path of names with dots between them. */
  roleClaim: string;
  /** What that claim is, or holds, of an admin. */
  adminValue: string;
}

/** Its clocks are not ours. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** Of access tokens as issuers write it; many leave it out. What keeps ID tokens out is their audience, a client's. */
const TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt', undefined]);

const Claims = z.object({
  sub: z.string().min(1).max(255),
  exp: z.number(),
  email: Email.optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
  name: PersonName.optional().catch(undefined),
});

/** Checks tokens of another issuer; the people they name are users here under ids made of issuer and subject. */
export class ExternalTokens {
  readonly issuer: string;
  readonly #options: ExternalIssuer;
  readonly #keys: RemoteKeys;

  constructor(options: ExternalIssuer, logger: Logger) {
    this.issuer = options.issuer;
    this.#options = options;
    this.#keys = new RemoteKeys(options, logger);
  }

  /** Changes whenever the issuer's keys do: what was verified before must be verified again. */
  get keysVersion(): number {
    return this.#keys.version;
  }

  /** Learns of keys that came and went; without it keys that went hold on. */
  refreshKeys(): Promise<void> {
    return this.#keys.refresh();
  }

  /** Undefined for a token that is not good; throws IssuerUnavailable where only the issuer could tell. */
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
    const role = this.#isAdmin(payload) ? 'admin' : 'customer';
    return {
      caller: { id: idOf(this.issuer, sub), role },
      profile: { name, ...(email && verified && { email }) },
      until: (exp + CLOCK_TOLERANCE_SECONDS) * 1000,
    };
  }

  #isAdmin(payload: JWTPayload): boolean {
    const { roleClaim, adminValue } = this.#options;
    const value = payload[roleClaim] ?? roleClaim.split('.').reduce<unknown>(fieldOf, payload);
    return Array.isArray(value) ? value.includes(adminValue) : value === adminValue;
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  value !== null && typeof value === 'object' && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

/**
 * Each token is checked by the rules of the issuer it names, which then must be right; nobody's claim is believed
 * before. Our own are still those of machines, which sign in here; people do so there.
 */
export const verifyEither = (own: Pick<Tokens, 'verify'>, external: ExternalTokens) => async (token: string) => {
  if (issuerOf(token) === external.issuer) return external.verify(token);
  const verified = await own.verify(token);
  return verified?.caller.scopes ? verified : undefined;
};

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** A UUID of version 5 (RFC 9562 section 5.5): the same person has the same id for ever, whatever the e-mail becomes. */
export function idOf(issuer: string, subject: string): string {
  // Its appendix A's namespace of URLs; JSON keeps the two apart.
  const namespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex');
  const hash = createHash('sha1')
    .update(namespace)
    .update(JSON.stringify([issuer, subject]))
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
