import { Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import { connect, openPool } from '../../../../platform/database/connection.ts';

/** A participant's connections to its database, in two pools. */
export interface ParticipantDatabases<Database> {
  /** For branches, which may wait for a row that a prepared transaction has locked. */
  pool: pg.Pool;
  /** The same pool, for compensations. */
  waiting: Kysely<Database>;
  /**
   * For what ends prepared transactions. If all connections of one pool were waiting for locks, the decisions that release
   * them would find no connection.
   */
  prompt: Kysely<Database>;
  close(): Promise<void>;
}

export function openDatabases<Database>(url: string): ParticipantDatabases<Database> {
  const pool = openPool(url);
  const waiting = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  const prompt = connect<Database>(url);
  return { pool, waiting, prompt, close: async () => void (await Promise.all([pool.end(), prompt.destroy()])) };
}
