import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../stage.ts';
import type { UnderFaults } from '../systems/system.ts';
import { type Wrong, findings } from './findings.ts';
import { type Standings, standings } from './standing.ts';
import type { FaultyLoad } from './under-fault.ts';

export interface Settled {
  wrong: Map<string, Wrong[]>;
  standings: Standings;
  /**
   * When nothing was wrong any more, in milliseconds since the start of the load; 0: nothing was wrong when the load had
   * ended; undefined: something remained.
   */
  endedAt: number | undefined;
}

const POLL_MS = 250;

interface Settling {
  stage: Stage;
  underFaults: UnderFaults;
  timeoutMs: number;
  /** What nobody has recorded yet may still arrive, for example the retry of a call whose caller was killed. */
  secondLookMs: number;
}

/**
 * Compares the ledgers until nothing is wrong any more and the system itself says that nothing is under way, or until the
 * time is over. Looks again after a while before it believes either.
 */
export async function settle(
  load: FaultyLoad,
  { stage, underFaults, timeoutMs, secondLookMs }: Settling,
): Promise<Settled> {
  const deadline = performance.now() + timeoutMs;
  const look = async () => {
    const found = await standings(stage.ledgers);
    return { standings: found, wrong: findings(load.asked, found, underFaults.resumes) };
  };
  const isIdle = async () => ((await underFaults.unfinished?.(stage))?.size ?? 0) === 0;
  for (let looks = 0; ; looks += 1) {
    const first = await look();
    const endedAt = looks === 0 ? 0 : load.now();
    const isLast = performance.now() >= deadline;
    if (isLast || (first.wrong.size === 0 && (await isIdle()))) {
      await sleep(secondLookMs);
      const second = await look();
      const isEnded = second.wrong.size === 0;
      if (isLast || isEnded) return { ...second, endedAt: isEnded ? endedAt : undefined };
    }
    await sleep(POLL_MS);
  }
}
