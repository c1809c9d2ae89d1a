import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';

// Longer than writing transactions take; a reader that gives up on a slower one polls again.
const TIMEOUT_MS = 1_000;
const MAX_PAUSE_MS = 50;

/** An append-only table and the sequence that numbers its rows. */
export interface SequencedTable {
  table: string;
  sequence: string;
}

/**
 * The sequence number up to which a table is settled: no row at or below it can still appear.
 *
 * Numbers are assigned while transactions run and become visible when they commit, so a higher number may be visible
 * first; a reader that continued from there would never see the lower one. But a transaction holds the table's write lock
 * from before it gets a number until after its commit. So: read the last assigned number, then list the holders of that
 * lock; once they have released it, every number up to that one is visible or was rolled back.
 *
 * Ordering by transaction id up to the oldest running transaction would not need the locks. But it can deliver two changes
 * of one subject in the wrong order (a transaction may get its id before it waits for the row), and any long transaction
 * on the server, in any database, would delay the feed.
 */
export class Watermark {
  readonly #db: Kysely<unknown>;
  readonly #table: SequencedTable;
  #last = 0;
  #reading: Promise<number> | undefined;

  constructor(db: Kysely<unknown>, table: SequencedTable) {
    this.#db = db;
    this.#table = table;
  }

  /** The value of the last `look`. */
  get last(): number {
    return this.#last;
  }

  /** Reads the watermark now; concurrent calls share one read. */
  look(): Promise<number> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<number> {
    const assigned = await this.#lastAssigned();
    if (assigned !== this.#last && (await this.#haveEnded(await this.#writers()))) this.#last = assigned;
    return this.#last;
  }

  async #lastAssigned(): Promise<number> {
    const { rows } = await sql<{ last: number }>`
      select case when is_called then last_value else 0 end as last from ${sql.id(this.#table.sequence)}`.execute(
      this.#db,
    );
    return rows[0]!.last;
  }

  /** Running transactions that may have written to the table. */
  async #writers(): Promise<Set<string>> {
    const { rows } = await sql<{ virtualtransaction: string }>`
      select virtualtransaction from pg_locks
       where locktype = 'relation' and relation = ${this.#table.table}::regclass and mode = 'RowExclusiveLock' and granted
         and database = (select oid from pg_database where datname = current_database())`.execute(this.#db);
    return new Set(rows.map(({ virtualtransaction }) => virtualtransaction));
  }

  async #haveEnded(writers: Set<string>): Promise<boolean> {
    const deadline = Date.now() + TIMEOUT_MS;
    let left = writers;
    for (let pauseMs = 1; left.size > 0; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      if (Date.now() > deadline) return false;
      await sleep(pauseMs);
      const still = await this.#writers();
      left = new Set([...left].filter((writer) => still.has(writer)));
    }
    return true;
  }
}
