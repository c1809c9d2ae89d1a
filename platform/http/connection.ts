import { BrokenCircuitError, type BulkheadPolicy, BulkheadRejectedError, CircuitState, bulkhead } from 'cockatiel';
import { Addresses, type Resolver } from './addresses.ts';
import type { Endpoint } from './endpoint.ts';
import { type Exchanged, NoAnswer } from './transport.ts';

export interface ServiceAddress {
  service: string;
  /** The addresses of the service; requests rotate over them, and over the IP addresses of each that is a name. */
  urls: readonly string[];
  token: string;
  /** By default the system's. */
  resolver?: Resolver;
}

/** One request to a service, and how it may be sent. */
export interface ServiceRequest {
  /** `/requests/getProduct` */
  path: string;
  body: string;
  repeatable: boolean;
  /** A long poll: a slow response says nothing about the service. */
  patient: boolean;
  timeoutMs: number;
}

/** State of an address's circuit breaker. `half_open`: one request is testing whether the address is back. */
export type BreakerState = 'closed' | 'half_open' | 'open';

/** Part of `GET /v1/admin/services`. */
export interface ConnectionState {
  doors: { address: string; breaker: BreakerState }[];
  bulkheads: Record<Lane, { inUse: number; limit: number }>;
  retries: number;
  faults: number;
}

type Lane = 'prompt' | 'patient';

// Far more than a healthy service ever has running, few enough that one that hangs cannot block the whole process.
const MAX_CONCURRENT = 500;
// A process that is busy starting may take a second to respond.
const RESPONDS_MS = 2_000;

/** This process's connection to one service: its addresses, their circuit breakers, and the running requests. */
export class Connection {
  readonly service: string;
  readonly #token: string;
  readonly #addresses: Addresses;
  // Long polls have a bulkhead of their own, so that a thousand of them do not block a single prompt request.
  readonly #lanes: Record<Lane, BulkheadPolicy> = {
    prompt: bulkhead(MAX_CONCURRENT),
    patient: bulkhead(MAX_CONCURRENT),
  };
  #requestCount = 0;
  /** Retried requests, and attempts that ended in a fault, since the process started. */
  readonly counts = { retries: 0, faults: 0 };

  constructor({ service, urls, token, resolver }: ServiceAddress) {
    this.service = service;
    this.#token = token;
    this.#addresses = new Addresses(urls, resolver);
  }

  /** Sends a request once, to the next address. Skips addresses whose breaker is open or that refuse connections. */
  async ask(request: ServiceRequest): Promise<Exchanged> {
    try {
      return await this.#lanes[request.patient ? 'patient' : 'prompt'].execute(() => this.#send(request));
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new Error(`${MAX_CONCURRENT} requests to it are running already`, { cause: error });
    }
  }

  async #send(request: ServiceRequest): Promise<Exchanged> {
    let unreachable: unknown;
    for (const endpoint of this.#candidates(request)) {
      try {
        return await endpoint.send(request, this.#token);
      } catch (error) {
        if (error instanceof NoAnswer && !error.sent) {
          unreachable = error;
          this.#addresses.expire();
        } else if (!(error instanceof BrokenCircuitError)) throw error;
      }
    }
    throw unreachable ?? new Error('the circuit breakers of all its addresses are open');
  }

  /**
   * The addresses to try, beginning with the next in turn. Never one that is being tested; a request that must not be
   * repeated is not used as a test while another address is healthy.
   */
  #candidates({ repeatable }: ServiceRequest): Endpoint[] {
    const endpoints = this.#addresses.current();
    const first = this.#requestCount++ % endpoints.length;
    const rotated = [...endpoints.slice(first), ...endpoints.slice(0, first)];
    const available = rotated.filter(({ state }) => state !== CircuitState.HalfOpen);
    const healthy = available.filter(({ state }) => state === CircuitState.Closed);
    return repeatable || healthy.length === 0 ? available : healthy;
  }

  state(): ConnectionState {
    const lane = (policy: BulkheadPolicy) => ({ inUse: MAX_CONCURRENT - policy.executionSlots, limit: MAX_CONCURRENT });
    return {
      doors: this.#addresses.current().map(({ address, state }) => ({ address, breaker: STATES[state] })),
      bulkheads: { prompt: lane(this.#lanes.prompt), patient: lane(this.#lanes.patient) },
      ...this.counts,
    };
  }

  /** Whether a process listens at one of the addresses, ready or not. */
  async responds(): Promise<boolean> {
    const answers = this.#addresses.current().map((endpoint) => endpoint.responds(RESPONDS_MS));
    return (await Promise.all(answers)).includes(true);
  }

  /** Checks `/readyz` of each address. An address that does not respond in time is not ready. */
  readiness(timeoutMs: number): Promise<{ address: string; ready: boolean }[]> {
    return Promise.all(
      this.#addresses.current().map(async (endpoint) => ({
        address: endpoint.address,
        ready: await endpoint.isReady(timeoutMs),
      })),
    );
  }
}

const STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  // Nothing isolates an address by hand.
  [CircuitState.Isolated]: 'open',
};
