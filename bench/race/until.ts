import { setTimeout as sleep } from 'node:timers/promises';

// Rare enough that asking costs the system less than a thousandth of its time.
const POLL_MS = 250;

interface Waiting {
  count: () => Promise<number>;
  timeoutMs: number;
  /** Describes a number that was not `expected` at the end of the time. */
  wrong: (found: number) => string;
  pollMs?: number;
}

/**
 * Waits until `count` returns `expected`.
 * @throws when the time is over
 */
export async function untilCounted(expected: number, { count, timeoutMs, wrong, pollMs = POLL_MS }: Waiting) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await count();
    if (found === expected) return;
    if (performance.now() >= deadline) throw new Error(`after ${timeoutMs / 1000} s ${wrong(found)}`);
    await sleep(pollMs);
  }
}
