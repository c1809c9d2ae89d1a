import { setTimeout as sleep } from 'node:timers/promises';

// A check costs CPU that what it waits for needs too. So the interval grows to a tenth of the time waited, up to this.
const MAX_POLL_MS = 250;

/**
 * Repeats `check` until it does not throw, at first every `pollMs`, and returns its result. After `timeoutMs` it throws the
 * last error. Choose a long interval for an expensive check.
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  timeoutMs = 90_000,
  pollMs = 10,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (let intervalMs = pollMs; ; intervalMs = Math.max(pollMs, Math.min(1.1 * intervalMs, MAX_POLL_MS))) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(intervalMs);
    }
  }
}
