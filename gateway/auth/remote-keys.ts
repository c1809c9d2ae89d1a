import { type JWTVerifyGetKey, createRemoteJWKSet, errors } from 'jose';
import { z } from 'zod';
import type { Logger } from '../../platform/telemetry/logger.ts';

/** The issuer's keys cannot be read, so a token can be neither accepted nor rejected: 503, not 401. */
export class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

// A person waits for it only when a key is new.
const TIMEOUT_MS = 3_000;
// Minimum time between requests for unknown keys: a flood of such tokens must not become a flood at the issuer.
const COOLDOWN_MS = 30_000;
/** Pause after a failed request to the issuer. */
const PAUSE_MS = 5_000;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

type RemoteKeySet = ReturnType<typeof createRemoteJWKSet>;

/**
 * The keys of an external issuer. Known keys stay valid while the issuer is down; an unknown key is requested, at most
 * every half minute.
 */
export class RemoteKeys {
  /** Counts the changes of the known keys. */
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

  /** Finds the key that a token's header names. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    const known = this.#set?.jwks()?.keys.some(({ kid }) => kid === header.kid);
    if (!known && Date.now() - this.#failedAt < PAUSE_MS)
      throw new IssuerUnavailable('the issuer did not respond a moment ago');
    return this.#withKeySet(async (set) => set(header, token));
  };

  /** Reads the current keys; if that fails, the known keys stay. */
  async refresh(): Promise<void> {
    await this.#withKeySet((set) => set.reload()).catch((error: unknown) => {
      this.#logger.warn('external issuer’s keys not refreshed', { error });
    });
  }

  async #withKeySet<Result>(work: (set: RemoteKeySet) => Promise<Result>): Promise<Result> {
    try {
      this.#set ??= await this.#discover();
      const result = await work(this.#set);
      this.#updateVersion();
      return result;
    } catch (error) {
      this.#updateVersion();
      // The issuer responded, and the token names none of its keys, or several.
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      this.#failedAt = Date.now();
      throw new IssuerUnavailable('the issuer’s keys cannot be read', { cause: error });
    }
  }

  #updateVersion(): void {
    const now = JSON.stringify(this.#set?.jwks() ?? null);
    if (now !== this.#known) this.version += 1;
    this.#known = now;
  }

  async #discover(): Promise<RemoteKeySet> {
    this.#keysUrl ??= await discoverKeysUrl(this.#issuer);
    // The keys never expire by age: `refresh` replaces them, and an issuer that is down must not sign everybody out.
    const options = { cacheMaxAge: Infinity, cooldownDuration: COOLDOWN_MS, timeoutDuration: TIMEOUT_MS };
    return createRemoteJWKSet(new URL(this.#keysUrl), options);
  }
}

/** OpenID Connect Discovery 1.0 section 4.3: the document must name the issuer that it was read from. */
async function discoverKeysUrl(issuer: string): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const document = Discovery.parse(await response.json());
  if (document.issuer !== issuer) throw new Error(`the discovery document names another issuer, ${document.issuer}`);
  return document.jwks_uri;
}
