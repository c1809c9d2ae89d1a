import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The answer of `look` as soon as it throws no more; its last complaint after `patienceMs`. Looks every `everyMs`:
 * rarely where a look costs much.
 */
export async function eventually<Answer>(
  look: () => Answer | Promise<Answer>,
  patienceMs = 90_000,
  everyMs = 10,
): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(everyMs);
    }
  }
}
