import pg from 'pg';

/** The first row of a query's result. */
export type FirstRowOf = (query: string) => Promise<Record<string, unknown>>;

/** Runs some queries as a superuser, on a connection of their own. */
export async function asSuperuser<Result>(
  connectionString: string,
  work: (firstRowOf: FirstRowOf) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(async (query) => (await client.query<Record<string, unknown>>(query)).rows[0] ?? {});
  } finally {
    await client.end();
  }
}

export const runAsSuperuser = (connectionString: string, statements: readonly string[]): Promise<void> =>
  asSuperuser(connectionString, async (run) => {
    for (const statement of statements) await run(statement);
  });

export const queryAsSuperuser = (connectionString: string, query: string): Promise<Record<string, unknown>> =>
  asSuperuser(connectionString, (firstRowOf) => firstRowOf(query));
