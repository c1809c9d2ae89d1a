import { isIPv6 } from 'node:net';
import { CircuitState, type CircuitBreakerPolicy, ConsecutiveBreaker, circuitBreaker, handleType } from 'cockatiel';
import { type Exchanged, NoAnswer, exchange, isReady, responds } from './transport.ts';

// One lost connection is bad luck; five in a row, with no response between them, are an outage.
const MAX_CONSECUTIVE_FAULTS = 5;
// As long as a request's own retries take: its last one reaches an address that has recovered.
const HALF_OPEN_AFTER_MS = 500;

/** One address of a service. Any response shows that it is alive; only a missing one counts as a fault. */
export class Endpoint {
  /** host:port */
  readonly address: string;
  readonly #origin: string;
  /** The name of the service in the URL, if the address is an IP address that it resolved to. */
  readonly #host: string | undefined;
  readonly #basePath: string;
  readonly #breaker: CircuitBreakerPolicy = circuitBreaker(handleType(NoAnswer), {
    breaker: new ConsecutiveBreaker(MAX_CONSECUTIVE_FAULTS),
    halfOpenAfter: HALF_OPEN_AFTER_MS,
  });

  /** @param ip one of the addresses of the URL's host; undefined: whichever the system chooses */
  constructor(url: string, ip?: string) {
    const { protocol, host, port, pathname } = new URL(url);
    const resolved = ip && (isIPv6(ip) ? `[${ip}]` : ip) + (port && `:${port}`);
    this.address = resolved ?? host;
    this.#host = resolved && host;
    this.#origin = `${protocol}//${this.address}`;
    this.#basePath = pathname.replace(/\/+$/, '');
  }

  get state(): CircuitState {
    return this.#breaker.state;
  }

  send(
    { path, body, timeoutMs }: { path: string; body: string; timeoutMs: number },
    token: string,
  ): Promise<Exchanged> {
    const request = { origin: this.#origin, host: this.#host, path: this.#basePath + path, body, token, timeoutMs };
    return this.#breaker.execute(() => exchange(request));
  }

  /** Whether a process listens here, ready or not. */
  responds(timeoutMs: number): Promise<boolean> {
    return responds(this.#origin, this.#host, AbortSignal.timeout(timeoutMs)).then(
      () => true,
      () => false,
    );
  }

  /** Whether its `/readyz` says so in time. */
  isReady(timeoutMs: number): Promise<boolean> {
    return isReady(this.#origin, this.#host, AbortSignal.timeout(timeoutMs)).catch(() => false);
  }
}
