import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { preparingClient } from './prepared-statements.ts';
import { clientConfig } from './url.ts';

// Below every activity's startToCloseTimeout and every direct caller's timeout, so that a slow statement
// ends before it is retried.
const STATEMENT_TIMEOUT_MS = 4_000;
const INT8 = pg.types.builtins.INT8;

/** Limits that the server enforces. They are parameters of a connection's start, which a pooler must let pass or ignore. */
export const sessionLimits = (statementMs = STATEMENT_TIMEOUT_MS) => ({
  statement_timeout: statementMs,
  idle_in_transaction_session_timeout: 30_000,
});

/**
 * A pool of at most `connections` to one service's database. bigint columns are read as exact numbers. A statement that
 * takes longer than `statementMs` fails; 0 turns the limit off. `openDatabase` finds out whether a pool can use named
 * prepared statements.
 */
export function connect<Database>(...options: Parameters<typeof openPool>): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: openPool(...options) }) });
}

/** The same without Kysely, for a caller that needs a connection to itself. */
export function openPool(
  url: string,
  connections = 10,
  statementMs = STATEMENT_TIMEOUT_MS,
  { prepares }: { prepares: boolean } = { prepares: true },
): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(url),
    ...sessionLimits(statementMs),
    Client: preparingClient({ prepares }),
    max: connections,
    keepAlive: true,
    connectionTimeoutMillis: 3_000,
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? exactNumber : pg.types.getTypeParser(oid, format),
    },
  });
  ignoreLostConnections(pool);
  return pool;
}

/** Without listeners Node would end the process when the server closes a connection, for example in a restart. */
export function ignoreLostConnections(pool: pg.Pool): void {
  // An idle one: the pool opens another when one is needed.
  pool.on('error', () => undefined);
  // In a transaction: its next statement fails, and the fault is handled there.
  pool.on('connect', (client) => client.on('error', () => undefined));
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
