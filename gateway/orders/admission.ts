import { Counter, Gauge, type Registry } from 'prom-client';
import type { Backlog, OrderRequests } from '../../activities/order.ts';
import { Problem } from '../../platform/http/problem.ts';

export interface AdmissionOptions {
  orders: Pick<OrderRequests, 'getBacklog'>;
  /** An order that comes in now must be decided within this. */
  boundSeconds: number;
  registry: Registry;
  /** Milliseconds. */
  now?: () => number;
}

// What the slowest way to run this saga was measured at on two cores. It is believed of a platform that has not been
// seen at work, and of one in which nothing moves: ten seconds' worth, a hundred orders, may always wait.
const LEAST_PER_SECOND = 10;
// Admission keeps the queue shorter than its bound. What is undecided after three of them does not wait for its turn,
// but for a service that is down or for somebody's slow bank, and keeps no worker busy meanwhile.
const QUEUED_FOR_AT_MOST = 3;
// How much of a slower rate is believed at each look: three quarters of it within five seconds.
const SLOWDOWN_BELIEVED = 0.25;
// Asking again after a minute is soon enough, whatever the figures say.
const LONGEST_RETRY_SECONDS = 60;

/**
 * Bounds what is accepted by what can be carried out: accepting an order is several times cheaper than fulfilling it,
 * so that without a bound a burst becomes a backlog nobody gets through for hours. A bound in time is what a customer
 * understands; by Little's law it is a bound on the number of orders ahead, and that costs no question per order: the
 * number is asked for once a second, and between two looks counted on by what came in here and what must have left.
 *
 * How fast orders get through is learned while a second's worth of them or more waits: a quiet shop decides few orders
 * because few are placed. A faster rate is believed at once, a slower one bit by bit.
 *
 * Where a service is down, orders wait for it durably and nothing is decided: the rate falls to the least that is
 * believed, some dozens are let in each half minute to wait with the others, and the rest is told to come again. So
 * the service that comes back meets a crowd it can serve, and orders that wait for something of their own, after
 * three bounds, stand in nobody's way. Where the order service gives no figures, the counting goes on without them:
 * what is counted drains away, and a draft that cannot be kept is answered 503 as ever.
 */
export class Admission {
  readonly #options: AdmissionOptions & { now: () => number };
  readonly #orders: Counter<'outcome'>;
  #rate = LEAST_PER_SECOND;
  #undecided = 0;
  #toldAt: number;
  /** Let in since the last look was begun, and how many of all let in are not kept yet: no look can see those. */
  #admitted = 0;
  #underWay = 0;
  #looking = false;

  constructor(options: AdmissionOptions) {
    this.#options = { now: Date.now, ...options };
    this.#toldAt = this.#options.now();
    const { registry } = options;
    this.#orders = new Counter({
      name: 'orders_admission_total',
      help: 'New orders let in or turned away, by what was waiting already',
      labelNames: ['outcome'] as const,
      registers: [registry],
    });
    gauge(registry, 'orders_admission_delay_seconds', 'After how long an order placed now would be decided', () =>
      this.delaySeconds(),
    );
    gauge(
      registry,
      'orders_admission_rate',
      'Orders a second that the sagas are believed to get through',
      () => this.#rate,
    );
  }

  /** After how long an order that comes in now would be decided. */
  delaySeconds(): number {
    const drained = (this.#rate * (this.#options.now() - this.#toldAt)) / 1000;
    return Math.max(0, this.#undecided - drained + this.#admitted) / this.#rate;
  }

  /** Why no new order can come in just now; undefined where one can. */
  refusal(): Problem | undefined {
    const over = this.delaySeconds() - this.#options.boundSeconds;
    if (over < 0) return undefined;
    this.#orders.inc({ outcome: 'refused' });
    return new Problem(
      503,
      'Overloaded',
      'more orders wait than can be carried out in time; ask again a little later',
      {
        headers: { 'Retry-After': String(this.#retryAfterSeconds(over)) },
      },
    );
  }

  /** Lets a new order in, or throws why not. It counts at once: a thousand that arrive in one second see each other. */
  async admit<Kept>(keep: () => Promise<Kept>): Promise<Kept> {
    const refusal = this.refusal();
    if (refusal) throw refusal;
    this.#admitted += 1;
    this.#underWay += 1;
    try {
      const kept = await keep();
      this.#orders.inc({ outcome: 'accepted' });
      return kept;
    } catch (error) {
      this.#admitted = Math.max(0, this.#admitted - 1);
      throw error;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Takes a look at what waits. One at a time; where there is no answer what is known stands. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const before = this.#admitted - this.#underWay;
    const youngerThanSeconds = Math.ceil(this.#options.boundSeconds * QUEUED_FOR_AT_MOST);
    try {
      this.#learn(await this.#options.orders.getBacklog({ youngerThanSeconds }));
      // Those who came in during the look may or may not be in its figures: they count.
      this.#admitted = Math.max(0, this.#admitted - Math.max(0, before));
    } finally {
      this.#looking = false;
    }
  }

  #learn({ undecided, decidedPerSecond }: Backlog): void {
    const busy = undecided > this.#rate;
    if (decidedPerSecond > this.#rate) this.#rate = decidedPerSecond;
    else if (busy) this.#rate += (decidedPerSecond - this.#rate) * SLOWDOWN_BELIEVED;
    this.#rate = Math.max(LEAST_PER_SECOND, this.#rate);
    this.#undecided = undecided;
    this.#toldAt = this.#options.now();
  }

  /** When there is room by the rate of now, spread over half a bound more: they do not all come back at one time. */
  #retryAfterSeconds(overSeconds: number): number {
    const spread = 0.5 * this.#options.boundSeconds * Math.random();
    return Math.min(LONGEST_RETRY_SECONDS, Math.ceil(Math.max(1, overSeconds + spread)));
  }
}

/** A figure that is worked out when it is asked for. */
const gauge = (registry: Registry, name: string, help: string, value: () => number): void =>
  registry.registerMetric(
    new Gauge({
      name,
      help,
      registers: [],
      collect() {
        this.set(value());
      },
    }),
  );
