import { promises as fs } from 'node:fs';
import path from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import pg from 'pg';
import { preparingClient } from './prepared-statements.ts';

// Below every activity's startToCloseTimeout and every direct caller's patience, so that a slow statement
// ends before anybody asks again.
const STATEMENT_TIMEOUT_MS = 4_000;
const INT8 = pg.types.builtins.INT8;

/**
 * A pool of at most `connections` to one service's database. bigint columns are read as exact numbers. A statement that
 * takes longer than `statementMs` fails; 0: none does.
 */
export function connect<Database>(
  connectionString: string,
  connections = 10,
  statementMs = STATEMENT_TIMEOUT_MS,
): Kysely<Database> {
  const pool = new pg.Pool({
    connectionString,
    Client: preparingClient(),
    max: connections,
    statement_timeout: statementMs,
    keepAlive: true,
    idle_in_transaction_session_timeout: 30_000,
    connectionTimeoutMillis: 3_000,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? exactNumber : pg.types.getTypeParser(oid, format),
    },
  });
  // The server closed an idle connection, as when it restarts: the pool opens another when it is next asked.
  pool.on('error', () => undefined);
  // The same in the middle of a transaction: its next statement fails, and that is where the fault is handled.
  // Without a listener Node would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** pg hands out bigint as text because a double may not hold it; ours stay below 2^53 by their checks. */
function exactNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} does not fit a number exactly`);
  return number;
}

/** Brings one service's database up to date, as its owner. Forward only; safe to run from several processes at once. */
export async function migrate(db: Kysely<unknown>, folder: string): Promise<void> {
  const provider = new FileMigrationProvider({
    fs,
    path,
    migrationFolder: folder,
    import: (file) => import(file),
  });
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error) throw error;
}

/**
 * What a service's own role may do in its database: no DDL, and of the `appendOnly` tables it may
 * neither change nor delete a row. The role carries the database's name.
 */
export async function grant(db: Kysely<unknown>, role: string, appendOnly: readonly string[]): Promise<void> {
  await sql`grant usage on schema public to ${sql.id(role)}`.execute(db);
  await sql`grant select, insert, update, delete on all tables in schema public to ${sql.id(role)}`.execute(db);
  await sql`grant usage, select on all sequences in schema public to ${sql.id(role)}`.execute(db);
  for (const table of [...appendOnly, 'kysely_migration', 'kysely_migration_lock']) {
    await sql`revoke update, delete, truncate on ${sql.id(table)} from ${sql.id(role)}`.execute(db);
  }
}

/** Fails unless the database answers. */
export async function ping<Database>(db: Kysely<Database>): Promise<void> {
  await sql`select 1`.execute(db);
}
