import { setTimeout as sleep } from 'node:timers/promises';
import { timesOf } from '../shop/invoice-time.ts';
import type { Invoice } from '../shop/shop.ts';

/** Waits until it is time to place an invoice. */
export type Schedule = (invoice: Invoice) => Promise<unknown>;

/** Keeps the invoices' own intervals, `speed` times as fast. Without a speed it never waits. */
export function scheduleOf(invoices: readonly Invoice[], speed: number | undefined, stop: AbortSignal): Schedule {
  if (speed === undefined) return async () => undefined;
  const times = timesOf(invoices);
  const [first = 0] = times.values();
  const startedAt = Date.now();
  return async (invoice) => {
    const due = startedAt + (times.get(invoice)! - first) / speed;
    // Ctrl-C ends the wait; the caller then checks whether to stop.
    if (due > Date.now()) await sleep(due - Date.now(), undefined, { signal: stop }).catch(() => undefined);
  };
}
