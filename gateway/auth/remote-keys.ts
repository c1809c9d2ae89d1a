import { type JWTVerifyGetKey, createRemoteJWKSet, errors } from 'jose';
import { z } from 'zod';
import type { Logger } from '../../platform/telemetry/logger.ts';

/** The issuer does not answer, and without it nobody can say whether a token is good: 503, not 401. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

// A person waits for it at most once in a while: when a key is new.
const TIMEOUT_MS = 3_000;
// How often tokens that name unknown keys may make us ask: a flood of them must not become one at the issuer.
const COOLDOWN_MS = 30_000;
/** For as long the issuer is not asked again after it did not answer. */
const PAUSE_MS = 5_000;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

type RemoteKeySet = ReturnType<typeof createRemoteJWKSet>;

/**
 * Another issuer's keys. Those that are known go on while the issuer is down; a key that is not known is asked for,
 * at most every half minute.
 */
export class RemoteKeys {
  /** Counts changes of what is known. */
  version = 0;
  readonly #issuer: string;
  readonly #logger: Logger;
  #keysUrl: string | undefined;
  #set: RemoteKeySet | undefined;
  #known = '';
  #failedAt = -Infinity;

  constructor({ issuer, keysUrl }: { issuer: string; keysUrl: string | undefined }, logger: Logger) {
    this.#issuer = issuer;
    this.#keysUrl = keysUrl;
    this.#logger = logger;
  }

  /** The key that a token's header names. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    const known = this.#set?.jwks()?.keys.some(({ kid }) => kid === header.kid);
    if (!known && Date.now() - this.#failedAt < PAUSE_MS) throw new IssuerUnavailable('it did not answer just now');
    return this.#asking(async (set) => set(header, token));
  };

  /** Asks for the keys as they are now; where nobody answers, those that are known stay. */
  async refresh(): Promise<void> {
    await this.#asking((set) => set.reload()).catch((error: unknown) => {
      this.#logger.warn('keys of the external issuer not refreshed', { error });
    });
  }

  async #asking<Answer>(ask: (set: RemoteKeySet) => Promise<Answer>): Promise<Answer> {
    try {
      this.#set ??= await this.#discover();
      const answer = await ask(this.#set);
      this.#note();
      return answer;
    } catch (error) {
      this.#note();
      // The issuer has answered, and the token names none of its keys, or not one of them.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      this.#failedAt = Date.now();
      throw new IssuerUnavailable('the issuer’s keys cannot be read', { cause: error });
    }
  }

  #note(): void {
    const now = JSON.stringify(this.#set?.jwks() ?? null);
    if (now !== this.#known) this.version += 1;
    this.#known = now;
  }

  async #discover(): Promise<RemoteKeySet> {
    this.#keysUrl ??= await discovered(this.#issuer);
    // Never too old to be used: `refresh` sees to their age, and an issuer that is down must not sign everybody out.
    const ages = { cacheMaxAge: Infinity, cooldownDuration: COOLDOWN_MS, timeoutDuration: TIMEOUT_MS };
    return createRemoteJWKSet(new URL(this.#keysUrl), ages);
  }
}

/** OpenID Connect Discovery 1.0 section 4: the document must be of the very issuer it was asked from. */
async function discovered(issuer: string): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const document = Discovery.parse(await response.json());
  if (document.issuer !== issuer) throw new Error(`the discovery document is of ${document.issuer}`);
  return document.jwks_uri;
}
