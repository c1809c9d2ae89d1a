import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Repeats `check` every `pollMs` until it does not throw, and returns its result. After `timeoutMs` it throws the last
 * error. Choose a long interval for an expensive check.
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  timeoutMs = 90_000,
  pollMs = 10,
): Promise<Result> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(pollMs);
    }
  }
}
