import type { UserRequests } from '../../activities/user.ts';
import { type Background, repeat } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';

// How long a session that was ended at another replica is still accepted at this one.
const REFRESH_EVERY_MS = 1_000;
// A transaction is visible only after its commit: a session that ended shortly before the last refresh may appear now.
const LATE_MS = 30_000;

/**
 * Ended sessions and deleted API clients whose access tokens have not expired yet. The list is read from the user
 * service every second, which costs nothing per request, and an entry is kept until its last token has expired. While
 * the user service is unavailable, known entries stay, and other sessions end when their tokens expire.
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

  /** Takes effect at once on this replica: a sign-out is complete when its response is sent. */
  add(id: string): void {
    this.#until.set(id, Date.now() + this.#keptMs);
  }

  /** Reads what has ended since the last refresh. */
  async refresh(users: Pick<UserRequests, 'endedSince'>): Promise<void> {
    for (let more = true; more;) {
      const page = await users.endedSince({ since: new Date(this.#since).toISOString() });
      for (const { id } of page.items) if (!this.has(id)) this.add(id);
      this.#since = Date.parse(page.asOf) - (page.more ? 0 : LATE_MS);
      ({ more } = page);
    }
    for (const [id, until] of this.#until) if (until < Date.now()) this.#until.delete(id);
  }

  /** Refreshes every second until it is closed. */
  keepRefreshing(users: Pick<UserRequests, 'endedSince'>, logger: Logger): Background {
    const options = { everyMs: REFRESH_EVERY_MS, failing: 'ended sessions not read', logger };
    return repeat(() => this.refresh(users), options);
  }
}
