import assert from 'node:assert/strict';
import pg from 'pg';

/** Changes a service's database as its owner, because the service's own role may not. Some row must be affected. */
export async function changeAsOwner(ownerUrl: string, sql: string, values: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  const { rowCount } = await client.query(sql, [...values]).finally(() => client.end());
  assert.ok(rowCount, `no row was changed by: ${sql}`);
}
