import { setTimeout as sleep } from 'node:timers/promises';

/** What a lane may put off until its workflow is started is put off for at most this long after a load. */
const TIMEOUT_MS = 10_000;
// Rare enough that asking costs the server no more than a thousandth of its time.
const POLL_MS = 250;

interface Waiting {
  timeoutMs?: number;
  pollMs?: number;
}

/**
 * Waits until there is one workflow for each confirmed order.
 * @param count the number of order workflows started so far
 * @throws after 10 s, with both numbers: an order without a workflow is one that nobody carries on
 */
export async function untilHandedOver(
  confirmed: number,
  count: () => Promise<number>,
  { timeoutMs = TIMEOUT_MS, pollMs = POLL_MS }: Waiting = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const workflows = await count();
    if (workflows === confirmed) return;
    if (performance.now() >= deadline) {
      const after = `${timeoutMs / 1000} s after the load`;
      throw new Error(`${after} there are ${workflows} workflows for ${confirmed} confirmed orders`);
    }
    await sleep(pollMs);
  }
}
