import pg from 'pg';

/** Runs statements as a superuser, on a connection of their own. */
export async function runAsSuperuser(connectionString: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Runs a query as a superuser and returns the first row. */
export async function queryAsSuperuser(connectionString: string, query: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(query)).rows[0] ?? {};
  } finally {
    await client.end();
  }
}
