import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { OrderDatabase } from './database.ts';

// A replica that dies is back, or missed by the others, after this time; a busy one renews its leases four times meanwhile.
const LEASE_SECONDS = 4;
const RENEWAL_MS = 1_000;

/** When the lease of an attempt that begins now ends. */
export const leaseEnd: RawBuilder<Date> = sql`now() + make_interval(secs => ${LEASE_SECONDS})`;

/**
 * Keeps the leases of this process's attempts for as long as they are under way: only the orders of a process that died or
 * hangs become due. Most attempts end before their first renewal.
 */
export class Leases {
  readonly #db: Kysely<OrderDatabase>;
  readonly #logger: Pick<Logger, 'warn'>;
  /** Since when each order's attempt is under way, or waits for its turn, in milliseconds. */
  readonly #held = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #renewing = false;
  #failed = false;

  constructor(db: Kysely<OrderDatabase>, logger: Pick<Logger, 'warn'>) {
    this.#db = db;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#renew(), RENEWAL_MS);
  }

  async hold<Result>(orderId: string, work: () => Promise<Result>): Promise<Result> {
    this.#held.set(orderId, performance.now());
    try {
      return await work();
    } finally {
      this.#held.delete(orderId);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** One renewal at a time. Of failures in a row only the first is logged. */
  async #renew(): Promise<void> {
    if (this.#renewing) return;
    const before = performance.now() - RENEWAL_MS;
    const orderIds = [...this.#held].filter(([, since]) => since < before).map(([orderId]) => orderId);
    if (orderIds.length === 0) return;
    this.#renewing = true;
    try {
      await sql`
        update workflows_to_start set due_at = ${leaseEnd} where order_id = any(${orderIds}::uuid[])`.execute(this.#db);
      this.#failed = false;
    } catch (error) {
      // The attempts go on. If the next renewals fail too, their orders' workflows are started, which is safe.
      if (!this.#failed)
        this.#logger.warn('could not renew the leases of orders that are being placed, retrying', { error });
      this.#failed = true;
    } finally {
      this.#renewing = false;
    }
  }
}
