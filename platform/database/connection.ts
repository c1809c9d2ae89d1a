import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { preparingClient } from './prepared-statements.ts';

// Below every activity's startToCloseTimeout and every direct caller's timeout, so that a slow statement
// ends before it is retried.
const STATEMENT_TIMEOUT_MS = 4_000;
const INT8 = pg.types.builtins.INT8;

/**
 * A pool of at most `connections` to one service's database. bigint columns are read as exact numbers. A statement that
 * takes longer than `statementMs` fails; 0 turns the limit off.
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
  // The server closed an idle connection, for example in a restart: the pool opens another when one is needed.
  pool.on('error', () => undefined);
  // The same during a transaction: its next statement fails, and the fault is handled there.
  // Without a listener Node would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/** pg returns bigint as text because a double may not hold it; our check constraints keep values below 2^53. */
function exactNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new RangeError(`${text} is too large for an exact JavaScript number`);
  return number;
}

/** Fails unless the database responds. */
export async function ping<Database>(db: Kysely<Database>): Promise<void> {
  await sql`select 1`.execute(db);
}
