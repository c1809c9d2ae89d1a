import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../command-line.ts';
import type { Invoice } from '../shop/shop.ts';

/** Waits until it is time to place an invoice. */
export type Schedule = (invoice: Invoice) => Promise<unknown>;

/** Keeps the invoices' own intervals, `speed` times as fast. Without a speed it never waits. */
export function scheduleOf(invoices: readonly Invoice[], speed: number | undefined, stop: AbortSignal): Schedule {
  if (speed === undefined) return async () => undefined;
  const times = new Map(invoices.map((invoice) => [invoice, timeOf(invoice)]));
  const [first = 0] = times.values();
  const startedAt = Date.now();
  return async (invoice) => {
    const due = startedAt + (times.get(invoice)! - first) / speed;
    // Ctrl-C ends the wait; the caller then checks whether to stop.
    if (due > Date.now()) await sleep(due - Date.now(), undefined, { signal: stop }).catch(() => undefined);
  };
}

/** Parses `2010-12-01 08:26`. The time zone does not matter, because only differences are used. */
function timeOf({ number, at }: Invoice): number {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)$/.exec(at);
  const time = match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number.NaN;
  if (Number.isNaN(time))
    throw new ToolError(`--speed needs the invoices' times, but invoice ${number} has none: "${at}"`);
  return time;
}
