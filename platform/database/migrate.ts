import { promises as fs } from 'node:fs';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { SettingError } from '../config.ts';

/** Brings one service's database up to date, as its owner. Forward only; safe to run from several processes at once. */
export async function migrate(db: Kysely<unknown>, folder: string): Promise<void> {
  await refuseOtherVersion(db, folder);
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
 * Throws a SettingError if the database has a migration that is not in `folder`. Changes nothing.
 * @param instead what a person can do other than to start the version that made the database
 */
export async function refuseOtherVersion(
  db: Kysely<unknown>,
  folder: string,
  instead = 'set DATABASE_URL to another server',
): Promise<void> {
  const { rows } = await sql<{ database: string; migrated: boolean }>`
    select current_database() as database, to_regclass('kysely_migration') is not null as migrated`.execute(db);
  const { database, migrated } = rows[0]!;
  if (!migrated) return;
  const executed = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const known = await migrationsIn(folder);
  const unknown = executed.rows.find(({ name }) => !known.includes(name));
  if (unknown) throw otherVersion(`database ${database}`, `migration ${unknown.name} is unknown here`, instead);
}

/** The error for something that another version of the platform made, and that this one therefore leaves alone. */
export const otherVersion = (what: string, reason: string, instead: string): SettingError =>
  new SettingError(
    `${what} was made by another version of the platform (${reason}): start that version, or ${instead}`,
  );

/** The names of the migrations in a folder, in order. */
export async function migrationsIn(folder: string): Promise<string[]> {
  const files = await fs.readdir(folder);
  return files.map((file) => path.parse(file).name).toSorted();
}

/**
 * Grants a service's own role what it may do in its database: no DDL, and in the `appendOnly` tables neither update nor
 * delete.
 */
export async function grant(db: Kysely<unknown>, role: string, appendOnly: readonly string[]): Promise<void> {
  await sql`grant usage on schema public to ${sql.id(role)}`.execute(db);
  await sql`grant select, insert, update, delete on all tables in schema public to ${sql.id(role)}`.execute(db);
  await sql`grant usage, select on all sequences in schema public to ${sql.id(role)}`.execute(db);
  for (const table of [...appendOnly, 'kysely_migration', 'kysely_migration_lock']) {
    await sql`revoke update, delete, truncate on ${sql.id(table)} from ${sql.id(role)}`.execute(db);
  }
}
