import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import { DATABASES } from '../../services/registry.ts';
import { startPostgres } from '../../local/postgres.ts';
import { bringUpToDate, withDatabase } from '../../platform/database/provision.ts';

/**
 * Runs `work` on an empty recommendation database and drops it afterwards: on the server at `superuserUrl`, or on a
 * server that is started for this run.
 */
export async function withScratchDatabase<Database, Result>(
  superuserUrl: string | undefined,
  work: (db: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  if (superuserUrl) return onServer(superuserUrl, work);
  const folder = await mkdtemp(path.join(tmpdir(), 'recommend-eval-'));
  try {
    const server = await startPostgres({ folder: path.join(folder, 'postgres'), port: 0 });
    return await onServer(server.url, work).finally(() => server.close());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function onServer<Database, Result>(
  superuserUrl: string,
  work: (db: Kysely<Database>) => Promise<Result>,
): Promise<Result> {
  const name = `recommend_eval_${randomUUID().slice(0, 8)}`;
  const server = connect<unknown>(superuserUrl, 1);
  try {
    await sql`create database ${sql.id(name)}`.execute(server);
    const url = withDatabase(superuserUrl, name);
    await bringUpToDate(DATABASES.recommendation, url, new URL(url).username);
    const db = connect<Database>(url, 1);
    return await work(db).finally(() => db.destroy());
  } finally {
    await sql`drop database if exists ${sql.id(name)} with (force)`.execute(server);
    await server.destroy();
  }
}
