import type { Kysely } from 'kysely';
import type { OrderStart } from '../../activities/order-placing.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { OrderDatabase } from './database.ts';
import { claimDue, forget } from './due-workflows.ts';

export interface HandOverOptions {
  db: Kysely<OrderDatabase>;
  /** Starts an order's workflow, unless it was started before. */
  startWorkflow(start: OrderStart): Promise<void>;
  logger: Pick<Logger, 'warn' | 'info'>;
  /** After how many days a hold is renewed. Absent: never. */
  authorizationDays?: number | undefined;
}

// Each start waits for the server most of the time.
const AT_ONCE = 8;
// More than a busy second's worth. Beyond that, and after a crash, the table says what is still to be started.
const MOST_WAITING = 500;
const SWEEP_MS = 1_000;
const SWEEP_SIZE = 100;
const FORGET_AFTER_MS = 100;

/**
 * Starts the workflows of the orders that this service placed itself, after the response to the customer. Orders of this
 * process are started at once. Every second all orders that are due are started, also those of other replicas, which share
 * them. While Temporal is away they stay due.
 */
export class HandOver {
  readonly #options: HandOverOptions;
  /** Of orders that are not confirmed: their customers wait for the saga. */
  readonly #urgent: OrderStart[] = [];
  readonly #waiting: OrderStart[] = [];
  readonly #starting = new Set<Promise<void>>();
  /** Started, and still in the table. */
  #started: string[] = [];
  #forgetting: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | undefined;
  #failing = false;
  #closed = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: HandOverOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sweepOnce(), SWEEP_MS);
  }

  /** Starts this workflow soon, before those of confirmed orders. If that fails, or if too many wait, it is started when it is due. */
  soon(start: OrderStart): void {
    const queue = start.input.attempt?.confirmedAt === undefined ? this.#urgent : this.#waiting;
    if (this.#closed || queue.length >= MOST_WAITING) return;
    queue.push(start);
    this.#startNext();
  }

  /** Finishes what is under way; the rest is due in another replica, or at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#urgent.length = 0;
    this.#waiting.length = 0;
    await this.#sweeping;
    await Promise.all(this.#starting);
    clearTimeout(this.#forgetting);
    await this.#forget();
  }

  #startNext(): void {
    while (this.#starting.size < AT_ONCE) {
      const start = this.#urgent.shift() ?? this.#waiting.shift();
      if (!start) return;
      const starting = this.#start(start)
        // It stays due.
        .catch((error: unknown) => this.#noteFailure(error))
        .finally(() => {
          this.#starting.delete(starting);
          this.#startNext();
        });
      this.#starting.add(starting);
    }
  }

  async #start(start: OrderStart): Promise<void> {
    await this.#options.startWorkflow(start);
    this.#started.push(start.input.orderId);
    this.#forgetting ??= setTimeout(() => void this.#forget(), FORGET_AFTER_MS);
  }

  #sweepOnce(): void {
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => this.#noteFailure(error))
      .finally(() => (this.#sweeping = undefined));
  }

  /** Starts what is due, a batch at a time, until nothing is left or a start fails. */
  async #sweep(): Promise<void> {
    for (;;) {
      const due = await claimDue(this.#options.db, SWEEP_SIZE, this.#options.authorizationDays);
      const next = due.values();
      const failures: unknown[] = [];
      const starting = Array.from({ length: AT_ONCE }, async () => {
        for (const start of next) {
          if (this.#closed || failures.length > 0) return;
          await this.#start(start).catch((error: unknown) => failures.push(error));
        }
      });
      await Promise.all(starting);
      if (failures.length > 0) throw failures[0];
      if (due.length > 0) this.#noteSuccess();
      if (due.length < SWEEP_SIZE || this.#closed) return;
    }
  }

  /** Takes what was started out of the table, many at a time. If that fails they are started again, which does nothing. */
  async #forget(): Promise<void> {
    this.#forgetting = undefined;
    const orderIds = this.#started;
    this.#started = [];
    await forget(this.#options.db, orderIds).catch((error: unknown) => this.#noteFailure(error));
  }

  /** Once, until all that is due could be started: while Temporal is away every order fails. */
  #noteFailure(error: unknown): void {
    if (!this.#failing) this.#options.logger.warn('could not hand orders over to their workflows, retrying', { error });
    this.#failing = true;
  }

  #noteSuccess(): void {
    if (this.#failing) this.#options.logger.info('orders are handed over to their workflows again');
    this.#failing = false;
  }
}
