import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Endpoint } from './endpoint.ts';

/** How the addresses behind a name are found. */
export interface Resolver {
  /** All IP addresses of a host. */
  resolve(hostname: string): Promise<readonly string[]>;
  /** How long an answer is used. */
  everyMs: number;
}

const SYSTEM: Resolver = {
  async resolve(hostname) {
    return (await lookup(hostname, { all: true })).map(({ address }) => address);
  },
  // As Kubernetes' DNS keeps the records of a headless service by default.
  everyMs: 5_000,
};

interface Target {
  url: string;
  hostname: string;
  byName: Endpoint;
  /** Kept while a record lives, because an endpoint has a circuit breaker. */
  byIp: Map<string, Endpoint>;
}

/**
 * The endpoints of one service's URLs. A name with several addresses, such as that of a headless service, is an endpoint
 * for each. Names are resolved again while requests are sent, in the background: no request waits for it. If that fails,
 * the last answer stays.
 */
export class Addresses {
  readonly #targets: readonly Target[];
  readonly #resolver: Resolver;
  readonly #hasNames: boolean;
  #current: readonly Endpoint[];
  #dueAt = 0;
  #resolving = false;

  constructor(urls: readonly string[], resolver: Resolver = SYSTEM) {
    this.#targets = urls.map((url) => {
      const hostname = new URL(url).hostname.replace(/^\[|\]$/g, '');
      return { url, hostname, byName: new Endpoint(url), byIp: new Map() };
    });
    this.#resolver = resolver;
    this.#hasNames = this.#targets.some(({ hostname }) => !isIP(hostname));
    this.#current = endpointsOf(this.#targets);
  }

  current(): readonly Endpoint[] {
    if (this.#hasNames && performance.now() >= this.#dueAt) void this.#resolve();
    return this.#current;
  }

  /** Call when an address refused a connection: it may be gone. */
  expire(): void {
    this.#dueAt = 0;
  }

  async #resolve(): Promise<void> {
    if (this.#resolving) return;
    this.#resolving = true;
    this.#dueAt = performance.now() + this.#resolver.everyMs;
    await Promise.all(
      this.#targets.map(async (target) => {
        if (isIP(target.hostname)) return;
        const found = await this.#resolver.resolve(target.hostname).catch(() => undefined);
        if (found) update(target, found);
      }),
    );
    this.#current = endpointsOf(this.#targets);
    this.#resolving = false;
  }
}

/** A name with one address stays a name: the system then chooses between its IPv4 and its IPv6 address. */
function update({ url, byIp }: Target, found: readonly string[]): void {
  const families = [4, 6].map((family) => new Set(found.filter((ip) => isIP(ip) === family)));
  const wanted = families.find(({ size }) => size > 1) ?? new Set();
  for (const ip of byIp.keys()) if (!wanted.has(ip)) byIp.delete(ip);
  for (const ip of wanted) if (!byIp.has(ip)) byIp.set(ip, new Endpoint(url, ip));
}

const endpointsOf = (targets: readonly Target[]): Endpoint[] =>
  targets.flatMap(({ byName, byIp }) => (byIp.size > 0 ? [...byIp.values()] : [byName]));
