import type { Logger } from '../../platform/telemetry/logger.ts';
import type { IdempotencyRecords, Lease } from './records.ts';

// Most requests end sooner and are never renewed. A lease lasts five times as long, so a renewal may fail or be late.
const RENEW_EVERY_MS = 1_000;

export interface LeasesDependencies {
  records: Pick<IdempotencyRecords, 'renew'>;
  logger: Logger;
}

/**
 * Renews the leases of the requests that this process carries out, all of them with one statement a second. So a key is
 * held for as long as its request runs, and only seconds longer once the process has died.
 */
export class Leases {
  readonly #dependencies: LeasesDependencies;
  /** By holder. A request that has seen a tick before is at least a second old at the next one. */
  readonly #held = new Map<string, { lease: Lease; sawTick: boolean }>();
  #timer: NodeJS.Timeout | undefined;
  #failed = false;

  constructor(dependencies: LeasesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Does `work`, and keeps the lease until it ends. */
  async during<Result>(lease: Lease, work: () => Promise<Result>): Promise<Result> {
    this.#held.set(lease.holder, { lease, sawTick: false });
    // The timer keeps no process alive: one that stops leaves its last leases to expire.
    this.#timer ??= setInterval(() => void this.#tick(), RENEW_EVERY_MS).unref();
    try {
      return await work();
    } finally {
      this.#held.delete(lease.holder);
      if (this.#held.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  async #tick(): Promise<void> {
    const due = [...this.#held.values()].filter(({ sawTick }) => sawTick).map(({ lease }) => lease);
    for (const held of this.#held.values()) held.sawTick = true;
    if (due.length === 0) return;
    try {
      await this.#renew(due);
      this.#failed = false;
    } catch (error) {
      // Of failures in a row only the first is logged.
      if (!this.#failed) this.#dependencies.logger.warn('idempotency leases not renewed, retrying', { error });
      this.#failed = true;
    }
  }

  async #renew(due: readonly Lease[]): Promise<void> {
    const renewed = await this.#dependencies.records.renew(due);
    for (const { holder, scope } of due) {
      // Else it has ended in the meantime, with or without a record.
      if (renewed.has(holder) || !this.#held.delete(holder)) continue;
      // The process had stalled. Both attempts have the same effects, and this one's response is not stored.
      this.#dependencies.logger.warn('another attempt has taken over an idempotency key', { route: scope.route });
    }
  }
}
