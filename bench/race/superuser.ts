import pg from 'pg';
import { withDatabase } from '../../platform/database/provision.ts';

type Row = Record<string, unknown>;
type Query = (query: string) => Promise<Row[]>;

/** The first row of a query's result. */
export type FirstRowOf = (query: string) => Promise<Row>;

/** Runs some queries as a superuser, on a connection of their own. */
export const asSuperuser = <Result>(connectionString: string, work: (firstRowOf: FirstRowOf) => Promise<Result>) =>
  connected(connectionString, (rowsOf) => work(async (query) => (await rowsOf(query))[0] ?? {}));

export const runAsSuperuser = (connectionString: string, statements: readonly string[]): Promise<void> =>
  connected(connectionString, async (run) => {
    for (const statement of statements) await run(statement);
  });

export const rowsAsSuperuser = (connectionString: string, query: string): Promise<Row[]> =>
  connected(connectionString, (rowsOf) => rowsOf(query));

export const queryAsSuperuser = (connectionString: string, query: string): Promise<Row> =>
  asSuperuser(connectionString, (firstRowOf) => firstRowOf(query));

async function connected<Result>(connectionString: string, work: (rowsOf: Query) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(async (query) => (await client.query<Row>(query)).rows);
  } finally {
    await client.end();
  }
}

/** Drops a database if it exists. PostgreSQL would refuse while a transaction waits there prepared. */
export async function dropDatabase(connectionString: string, name: string): Promise<void> {
  await rollBackPrepared(connectionString, name);
  await runAsSuperuser(connectionString, [`drop database if exists ${name} with (force)`]);
}

/** Rolls back the prepared transactions that wait in a database. */
export async function rollBackPrepared(connectionString: string, name: string): Promise<void> {
  const query = `select gid from pg_prepared_xacts where database = '${name}'`;
  const prepared = await rowsAsSuperuser(connectionString, query);
  if (prepared.length === 0) return;
  const statements = prepared.map(({ gid }) => `rollback prepared '${String(gid)}'`);
  await runAsSuperuser(withDatabase(connectionString, name), statements);
}
