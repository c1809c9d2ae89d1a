import pg from 'pg';

/** Statements as a superuser, in turn, on a connection of their own. */
export async function asSuperuser(connectionString: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The first row of an answer, as a superuser. */
export async function askSuperuser(connectionString: string, question: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(question)).rows[0] ?? {};
  } finally {
    await client.end();
  }
}
