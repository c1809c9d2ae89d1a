import { setTimeout as sleep } from 'node:timers/promises';
import type { UserRequests } from '../../activities/user.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';

// How long a session that was ended at another replica goes on at this one.
const LOOK_EVERY_MS = 1_000;
// A transaction is visible only once it is committed: what ended a little before the last look may show up now.
const LATE_MS = 30_000;

/**
 * Sessions and machine clients that were ended while access tokens of theirs had time left. Learned from the user
 * service every second, which costs nothing per request, and kept until the last such token has expired. While the
 * user service does not answer, what is known holds, and the rest ends with its tokens.
 */
export class EndedSessions {
  readonly #until = new Map<string, number>();
  readonly #keptMs: number;
  #since: number;

  constructor({ lifetimeSeconds }: { lifetimeSeconds: number }) {
    this.#keptMs = lifetimeSeconds * 1000 + LATE_MS;
    this.#since = Date.now() - this.#keptMs;
  }

  has(id: string): boolean {
    return this.#until.has(id);
  }

  /** At once for this replica: whoever signs out here is out when the answer comes. */
  add(id: string): void {
    this.#until.set(id, Date.now() + this.#keptMs);
  }

  /** Asks what has been ended since the last time. */
  async look(users: Pick<UserRequests, 'endedSince'>): Promise<void> {
    for (let more = true; more;) {
      const answer = await users.endedSince({ since: new Date(this.#since).toISOString() });
      for (const { id } of answer.items) if (!this.has(id)) this.add(id);
      this.#since = Date.parse(answer.asOf) - (answer.more ? 0 : LATE_MS);
      ({ more } = answer);
    }
    for (const [id, until] of this.#until) if (until < Date.now()) this.#until.delete(id);
  }

  /** Looks again and again until the answered function is called. */
  keepLooking(users: Pick<UserRequests, 'endedSince'>, logger: Logger): () => Promise<void> {
    const stopped = new AbortController();
    const { signal } = stopped;
    const running = (async () => {
      let failing = false;
      while (!signal.aborted) {
        try {
          await this.look(users);
          failing = false;
        } catch (error) {
          // Once, not every second for as long as it lasts.
          if (!failing) logger.warn('ended sessions not learned', { error });
          failing = true;
        }
        await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
    })();
    return async () => {
      stopped.abort();
      await running;
    };
  }
}
