import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';

// Longer than writing transactions take; a reader that gives up on a slower one comes back to it.
const PATIENCE_MS = 1_000;
const LONGEST_PAUSE_MS = 50;

/** A table that only grows, and the sequence that numbers its rows. */
export interface Sequenced {
  table: string;
  sequence: string;
}

/**
 * Up to which sequence number a table is settled: what is there will stay, and nothing can be added.
 *
 * Numbers are given out while transactions run, and seen when they commit, so a higher one may be seen first; who read
 * on from there would miss the lower one for ever. But whoever is given a number holds the table's lock for writers
 * from before that until after its commit. So: read the last number given out, then see who holds that lock; once
 * those have let go, every number up to that one is there to be read, or was rolled back.
 *
 * Ordering by transaction id up to the oldest that runs would need no locks looked at, but two changes of one subject
 * can be told in the wrong order (a transaction may have its id before it waits for the row), and any long transaction
 * on the server, of whatever database, would hold up the feed.
 */
export class Watermark {
  readonly #db: Kysely<unknown>;
  readonly #of: Sequenced;
  #last = 0;
  #looking: Promise<number> | undefined;

  constructor(db: Kysely<unknown>, of: Sequenced) {
    this.#db = db;
    this.#of = of;
  }

  /** As of the last look. */
  get last(): number {
    return this.#last;
  }

  /** Looks now, once for all who ask at the same time. */
  look(): Promise<number> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<number> {
    const given = await this.#lastGiven();
    if (given !== this.#last && (await this.#gone(await this.#writers()))) this.#last = given;
    return this.#last;
  }

  async #lastGiven(): Promise<number> {
    const { rows } = await sql<{ last: number }>`
      select case when is_called then last_value else 0 end as last from ${sql.id(this.#of.sequence)}`.execute(
      this.#db,
    );
    return rows[0]!.last;
  }

  /** The transactions that may have written to the table and have not ended. */
  async #writers(): Promise<Set<string>> {
    const { rows } = await sql<{ virtualtransaction: string }>`
      select virtualtransaction from pg_locks
       where locktype = 'relation' and relation = ${this.#of.table}::regclass and mode = 'RowExclusiveLock' and granted
         and database = (select oid from pg_database where datname = current_database())`.execute(this.#db);
    return new Set(rows.map(({ virtualtransaction }) => virtualtransaction));
  }

  async #gone(writers: Set<string>): Promise<boolean> {
    const deadline = Date.now() + PATIENCE_MS;
    let left = writers;
    for (let pauseMs = 1; left.size > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      if (Date.now() > deadline) return false;
      await sleep(pauseMs);
      const still = await this.#writers();
      left = new Set([...left].filter((writer) => still.has(writer)));
    }
    return true;
  }
}
