import { Counter, Gauge, type Registry } from 'prom-client';
import type { Backlog, OrderRequests } from '../../activities/order.ts';
import { Problem } from '../../platform/http/problem.ts';

export interface AdmissionOptions {
  orders: Pick<OrderRequests, 'getBacklog'>;
  /** A new order is accepted only if it will be decided within this time. */
  boundSeconds: number;
  registry: Registry;
  /** Milliseconds. */
  now?: () => number;
}

// The measured rate of the slowest way to run this saga on two cores, assumed before the first measurement and while
// nothing is decided. So a backlog of ten seconds, a hundred orders, is always allowed.
const MIN_PER_SECOND = 10;
// Admission keeps the queue shorter than its bound. An order that is undecided after three bounds is not queued: it
// waits for a service that is down or for a slow bank, and keeps no worker busy.
const QUEUED_BOUNDS = 3;
// The weight of a slower rate at each refresh: three quarters of a slowdown count after five seconds.
const SLOWDOWN_WEIGHT = 0.25;
// Storing an order takes milliseconds, and seconds where the services are busy. In the lane `express` the order service
// answers only when the order's steps are taken: by then it is in the backlog for long.
const STORED_WITHIN_MS = 2_000;
// Clients may retry after a minute, whatever the estimate says.
const MAX_RETRY_SECONDS = 60;

/**
 * Limits the accepted orders to those that can be carried out in time. Accepting an order is several times cheaper
 * than fulfilling it, so without a limit a burst becomes a backlog of hours. The limit is a time, which customers
 * understand; by Little's law it limits the number of orders ahead. That number costs no request per order: it is read
 * once a second, and in between estimated from the accepted orders and the rate.
 *
 * The rate at which orders are decided is measured only while at least a second's worth of orders waits, because a
 * quiet shop decides few orders anyway. A higher rate counts at once, a lower one gradually.
 *
 * While a service is down, orders wait for it durably and nothing is decided. The rate falls to its minimum: some
 * dozens of orders are accepted each half minute, and the others are refused with a Retry-After. So the service gets a
 * load it can serve when it returns, and orders that are stuck, after three bounds, hinder no new ones. While the order
 * service does not respond, the estimate continues without it, and an order whose draft cannot be stored gets a 503.
 */
export class Admission {
  readonly #options: AdmissionOptions & { now: () => number };
  readonly #orders: Counter<'outcome'>;
  #rate = MIN_PER_SECOND;
  #undecided = 0;
  #readAtMs: number;
  /** Admitted since the last refresh began. */
  #admitted = 0;
  /** Since when each admitted order is being stored, in milliseconds: no refresh can see the youngest of these. */
  readonly #storing = new Map<symbol, number>();
  #refreshing = false;

  constructor(options: AdmissionOptions) {
    this.#options = { now: Date.now, ...options };
    this.#readAtMs = this.#options.now();
    const { registry } = options;
    this.#orders = new Counter({
      name: 'orders_admission_total',
      help: 'New orders, by whether admission accepted or refused them',
      labelNames: ['outcome'] as const,
      registers: [registry],
    });
    gauge(registry, 'orders_admission_delay_seconds', 'Estimated time until an order placed now is decided', () =>
      this.delaySeconds(),
    );
    gauge(
      registry,
      'orders_admission_rate',
      'Estimated number of orders that are decided per second',
      () => this.#rate,
    );
  }

  /** Estimated time until an order placed now is decided. */
  delaySeconds(): number {
    const drained = (this.#rate * (this.#options.now() - this.#readAtMs)) / 1000;
    return Math.max(0, this.#undecided - drained + this.#admitted) / this.#rate;
  }

  /** The problem for a new order during overload; undefined if the order can be accepted. */
  refusal(): Problem | undefined {
    const over = this.delaySeconds() - this.#options.boundSeconds;
    if (over < 0) return undefined;
    this.#orders.inc({ outcome: 'refused' });
    return new Problem(503, 'Overloaded', 'too many orders are waiting; try again later', {
      headers: { 'Retry-After': String(this.#retryAfterSeconds(over)) },
    });
  }

  /** Stores a new order, or throws the refusal. It counts at once: a thousand orders in one second see each other. */
  async admit<Stored>(store: () => Promise<Stored>): Promise<Stored> {
    const refusal = this.refusal();
    if (refusal) throw refusal;
    this.#admitted += 1;
    const storing = Symbol('an order');
    this.#storing.set(storing, this.#options.now());
    try {
      const stored = await store();
      this.#orders.inc({ outcome: 'accepted' });
      return stored;
    } catch (error) {
      this.#admitted = Math.max(0, this.#admitted - 1);
      throw error;
    } finally {
      this.#storing.delete(storing);
    }
  }

  /** Reads the backlog, one read at a time. If it fails, the previous values stay. */
  async refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    const unseenSince = this.#options.now() - STORED_WITHIN_MS;
    const unseen = [...this.#storing.values()].filter((since) => since > unseenSince).length;
    const before = this.#admitted - unseen;
    const youngerThanSeconds = Math.ceil(this.#options.boundSeconds * QUEUED_BOUNDS);
    try {
      this.#update(await this.#options.orders.getBacklog({ youngerThanSeconds }));
      // Orders admitted during the read may or may not be part of it: they count.
      this.#admitted = Math.max(0, this.#admitted - Math.max(0, before));
    } finally {
      this.#refreshing = false;
    }
  }

  #update({ undecided, decidedPerSecond }: Backlog): void {
    const busy = undecided > this.#rate;
    if (decidedPerSecond > this.#rate) this.#rate = decidedPerSecond;
    else if (busy) this.#rate += (decidedPerSecond - this.#rate) * SLOWDOWN_WEIGHT;
    this.#rate = Math.max(MIN_PER_SECOND, this.#rate);
    this.#undecided = undecided;
    this.#readAtMs = this.#options.now();
  }

  /** When capacity is expected at the current rate, plus up to half a bound, so that clients do not retry together. */
  #retryAfterSeconds(overSeconds: number): number {
    const spread = 0.5 * this.#options.boundSeconds * Math.random();
    return Math.min(MAX_RETRY_SECONDS, Math.ceil(Math.max(1, overSeconds + spread)));
  }
}

/** A gauge whose value is computed when it is scraped. */
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
