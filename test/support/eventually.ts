import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;

/** The answer of `look` as soon as it throws no more; its last complaint after `patienceMs`. */
export async function eventually<Answer>(look: () => Answer | Promise<Answer>, patienceMs = 90_000): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
