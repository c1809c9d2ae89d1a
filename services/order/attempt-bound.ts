/** The time that an attempt may take, without its wait for a place. */
export const ATTEMPT_MS = 3_000;

// On two cores an attempt takes 15 ms alone. Sixteen at once keep the cores busy and take less than half a second.
const FIRST_LIMIT = 16;
const LEAST = 8;
const MOST = 256;
// Attempts slower than two thirds of their time come close to failing; while they take less than half, more at once may
// help: they then wait for others, such as a card processor, and not for this machine.
const SLOW_MS = (ATTEMPT_MS * 2) / 3;
const FAST_MS = ATTEMPT_MS / 2;
const DECREASE = 0.9;
// As long as admission control lets an order wait.
const LONGEST_WAIT_MS = 10_000;

/**
 * Bounds how many attempts are under way at once, and lets the others wait. Without a bound, a burst slows all attempts
 * down until they run out of time and fall back to the saga, which costs more and makes the next ones slower. The limit
 * adapts to what attempts take: additive increase, multiplicative decrease.
 */
export class AttemptBound {
  readonly #waiting: (() => void)[] = [];
  readonly #longestWaitMs: number;
  #limit: number;
  #running = 0;
  /** When the limit was last lowered: an attempt that began before says nothing about the limit as it is. */
  #loweredAt = -Infinity;

  readonly #now: () => number;

  /** `now` in milliseconds. */
  constructor(
    limit = FIRST_LIMIT,
    {
      now = () => performance.now(),
      longestWaitMs = LONGEST_WAIT_MS,
    }: { now?: () => number; longestWaitMs?: number } = {},
  ) {
    this.#limit = limit;
    this.#now = now;
    this.#longestWaitMs = longestWaitMs;
  }

  /** How many attempts may be under way now. */
  get limit(): number {
    return Math.floor(this.#limit);
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Undefined: its turn did not come in time, and the attempt was not begun. */
  async run<Result>(attempt: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#running < this.limit) this.#running += 1;
    else if (!(await this.#turn())) return undefined;
    const startedAt = this.#now();
    try {
      return await attempt();
    } finally {
      this.#adapt(startedAt, this.#now());
      this.#passOn();
    }
  }

  #turn(): Promise<boolean> {
    return new Promise((resolve) => {
      const begin = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        resolve(false);
      }, this.#longestWaitMs);
      this.#waiting.push(begin);
    });
  }

  #adapt(startedAt: number, now: number): void {
    const tookMs = now - startedAt;
    if (tookMs > SLOW_MS) {
      if (startedAt < this.#loweredAt) return;
      this.#limit = Math.max(LEAST, this.#limit * DECREASE);
      this.#loweredAt = now;
    }
    // Only where the limit is what holds attempts back, one more for each round of them.
    else if (tookMs < FAST_MS && this.#waiting.length > 0) this.#limit = Math.min(MOST, this.#limit + 1 / this.#limit);
  }

  /** Gives the place of an ended attempt to who waits, and new places too. */
  #passOn(): void {
    this.#running -= 1;
    while (this.#running < this.limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#running += 1;
      next();
    }
  }
}
