import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../command-line.ts';
import type { Invoice } from '../shop/shop.ts';

/** Waits until an invoice's turn. */
export type Schedule = (invoice: Invoice) => Promise<unknown>;

/** Keeps to the invoices' own times, `speed` times as fast; without a speed every turn is now. */
export function scheduleOf(invoices: readonly Invoice[], speed: number | undefined, stop: AbortSignal): Schedule {
  if (speed === undefined) return async () => undefined;
  const times = new Map(invoices.map((invoice) => [invoice, timeOf(invoice)]));
  const [first = 0] = times.values();
  const startedAt = Date.now();
  return async (invoice) => {
    const due = startedAt + (times.get(invoice)! - first) / speed;
    // Ctrl-C ends the wait; whoever waits then sees that it is to stop.
    if (due > Date.now()) await sleep(due - Date.now(), undefined, { signal: stop }).catch(() => undefined);
  };
}

/** `2010-12-01 08:26`, in the shop's own time; only differences matter. */
function timeOf({ number, at }: Invoice): number {
  const match = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?)$/.exec(at);
  const time = match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number.NaN;
  if (Number.isNaN(time)) throw new ToolError(`invoice ${number} has no time that --speed could go by: "${at}"`);
  return time;
}
