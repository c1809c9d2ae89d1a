import {
  BrokenCircuitError,
  type BulkheadPolicy,
  BulkheadRejectedError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  bulkhead,
  circuitBreaker,
  handleType,
} from 'cockatiel';
import { type Exchanged, NoAnswer, exchange, isReady } from './transport.ts';

export interface ServiceAddress {
  service: string;
  /** Where the service's doors are; each request goes to the next one. */
  urls: readonly string[];
  token: string;
}

/** One thing to ask, and how it may be asked. */
export interface Question {
  /** `/requests/getProduct` */
  path: string;
  body: string;
  repeatable: boolean;
  /** Waits on purpose, so that taking long says nothing about the service. */
  patient: boolean;
  timeoutMs: number;
}

/** How a door has fared: `half_open` while one request tries whether it is back. */
export type BreakerState = 'closed' | 'half_open' | 'open';

export interface ConnectionState {
  doors: { address: string; breaker: BreakerState }[];
  bulkheads: Record<Lane, { inUse: number; limit: number }>;
  retries: number;
  faults: number;
}

type Lane = 'prompt' | 'patient';

// One lost connection is bad luck; five in a row, with no answer between them, are an outage.
const FAULTS = 5;
// As long as a request's own tries take: its last one finds the door that has come back.
const PAUSE_MS = 500;
// Far more than a healthy service ever has open, few enough that one which hangs cannot take the whole process along.
const MOST_AT_ONCE = 500;

/** One service as seen from this process: its doors, which of them answer, and how many questions wait there. */
export class Connection {
  readonly service: string;
  readonly #token: string;
  readonly #doors: Door[];
  // Questions that wait on purpose have a bulkhead of their own: a thousand patient ones stop no prompt one.
  readonly #lanes: Record<Lane, BulkheadPolicy> = {
    prompt: bulkhead(MOST_AT_ONCE),
    patient: bulkhead(MOST_AT_ONCE),
  };
  #turn = 0;
  /** Questions asked again, and tries that ended in a fault, since the process started. */
  readonly counts = { retries: 0, faults: 0 };

  constructor({ service, urls, token }: ServiceAddress) {
    this.service = service;
    this.#token = token;
    this.#doors = urls.map((url) => new Door(url));
  }

  /** Tries once: at the next door, and past those that are known not to answer or that nobody opens. */
  async ask(question: Question): Promise<Exchanged> {
    try {
      return await this.#lanes[question.patient ? 'patient' : 'prompt'].execute(() => this.#ask(question));
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new Error(`${MOST_AT_ONCE} requests wait for it already`, { cause: error });
    }
  }

  async #ask(question: Question): Promise<Exchanged> {
    let unopened: unknown;
    for (const door of this.#inTurn(question)) {
      try {
        return await door.ask(question, this.#token);
      } catch (error) {
        if (error instanceof NoAnswer && !error.sent) unopened = error;
        else if (!(error instanceof BrokenCircuitError)) throw error;
      }
    }
    throw unopened ?? new Error('none of its doors has answered lately');
  }

  /** A door that is being tried is left alone; what must not be asked twice is no trial where there is a sound one. */
  #inTurn({ repeatable }: Question): Door[] {
    const first = this.#turn++ % this.#doors.length;
    const turned = [...this.#doors.slice(first), ...this.#doors.slice(0, first)];
    const free = turned.filter(({ state }) => state !== CircuitState.HalfOpen);
    const sound = free.filter(({ state }) => state === CircuitState.Closed);
    return repeatable || sound.length === 0 ? free : sound;
  }

  state(): ConnectionState {
    const lane = (policy: BulkheadPolicy) => ({ inUse: MOST_AT_ONCE - policy.executionSlots, limit: MOST_AT_ONCE });
    return {
      doors: this.#doors.map(({ address, state }) => ({ address, breaker: STATES[state] })),
      bulkheads: { prompt: lane(this.#lanes.prompt), patient: lane(this.#lanes.patient) },
      ...this.counts,
    };
  }

  /** Asks each door whether its process can do its work; one that does not answer in time cannot. */
  readiness(patienceMs: number): Promise<{ address: string; ready: boolean }[]> {
    return Promise.all(
      this.#doors.map(async ({ address, origin }) => ({
        address,
        ready: await isReady(origin, AbortSignal.timeout(patienceMs)).catch(() => false),
      })),
    );
  }
}

/** One address of a service. Any answer shows that somebody is there; only its absence counts against the door. */
class Door {
  readonly origin: string;
  readonly address: string;
  readonly #base: string;
  readonly #breaker: CircuitBreakerPolicy = circuitBreaker(handleType(NoAnswer), {
    breaker: new ConsecutiveBreaker(FAULTS),
    halfOpenAfter: PAUSE_MS,
  });

  constructor(url: string) {
    const { origin, host, pathname } = new URL(url);
    this.origin = origin;
    this.address = host;
    this.#base = pathname.replace(/\/+$/, '');
  }

  get state(): CircuitState {
    return this.#breaker.state;
  }

  ask({ path, body, timeoutMs }: Question, token: string): Promise<Exchanged> {
    const { origin } = this;
    return this.#breaker.execute(() => exchange({ origin, path: this.#base + path, body, token, timeoutMs }));
  }
}

const STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  // Nobody here holds one open by hand.
  [CircuitState.Isolated]: 'open',
};
