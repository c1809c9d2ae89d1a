import { promises as fs } from 'node:fs';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { connect } from '../../platform/database/connection.ts';
import { bringUpToDate } from '../../platform/database/provision.ts';
import { DATABASES, type DatabaseName } from '../../services/registry.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

/** A database that an earlier version made, up to this migration, and filled; and that this version then migrated. */
export async function upgradedDatabase<Database>(
  service: DatabaseName,
  migration: string,
  fill: (owner: Kysely<unknown>) => Promise<unknown>,
): Promise<FreshDatabase<Database>> {
  const database = await freshDatabase<Database>(service);
  const owner = connect<unknown>(database.ownerUrl, 1);
  try {
    await sql`drop schema public cascade`.execute(owner);
    await sql`create schema public`.execute(owner);
    const { error } = await new Migrator({
      db: owner,
      provider: new FileMigrationProvider({
        fs,
        path,
        migrationFolder: DATABASES[service].migrations,
        import: (file) => import(file),
      }),
    }).migrateTo(migration);
    if (error) throw error;
    await fill(owner);
  } finally {
    await owner.destroy();
  }
  const role = decodeURIComponent(new URL(database.url).username);
  await bringUpToDate(DATABASES[service], database.ownerUrl, role);
  return database;
}
