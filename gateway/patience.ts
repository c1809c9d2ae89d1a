import { setTimeout as sleep } from 'node:timers/promises';

/** The answer of a part that the whole can do without, or `instead` where it fails or takes longer than this. */
export async function orElse<Answer, Substitute>(
  part: Promise<Answer>,
  { instead, patienceMs }: { instead: Substitute; patienceMs: number },
): Promise<Answer | Substitute> {
  const giveUp = new AbortController();
  const late = sleep(patienceMs, instead, { signal: giveUp.signal }).catch(() => instead);
  return Promise.race([part.catch(() => instead), late]).finally(() => giveUp.abort());
}
