import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { migrationsIn, otherVersion } from '../platform/database/migrate.ts';
import { DATABASES } from '../services/registry.ts';

/** The migrations of each database, as far as the last version that started on the folder knew them. */
const FILE = 'migrations.json';
/** Every start makes this file; the first versions of the platform made it without recording their migrations. */
const SECRETS = 'secrets.json';

/** What to do, other than to start the version that made a data folder. */
export const OTHER_FOLDER = 'set DATA_DIR to another folder (npm start -- --reset forgets this one)';

/**
 * Throws a SettingError if another version of the platform made the state in `folder`. Reads only: PostgreSQL and
 * Temporal change their files as soon as they start.
 */
export async function checkFolderVersion(folder: string): Promise<void> {
  const file = path.join(folder, FILE);
  if (!existsSync(file)) {
    if (!existsSync(path.join(folder, SECRETS))) return;
    throw otherVersion(`data folder ${folder}`, `it has no ${FILE}`, OTHER_FOLDER);
  }
  const known = await knownMigrations();
  for (const [database, names] of Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Migrations)) {
    const unknown = names.find((name) => !known[database]?.includes(name));
    if (unknown === undefined) continue;
    throw otherVersion(`data folder ${folder}`, `migration ${unknown} of ${database} is unknown here`, OTHER_FOLDER);
  }
}

/** Records the migrations of this version, before anything applies them. */
export async function recordVersion(folder: string): Promise<void> {
  const file = path.join(folder, FILE);
  writeFileSync(`${file}.new`, JSON.stringify(await knownMigrations(), null, 2));
  renameSync(`${file}.new`, file);
}

type Migrations = Record<string, string[]>;

async function knownMigrations(): Promise<Migrations> {
  const plans = Object.values(DATABASES);
  return Object.fromEntries(
    await Promise.all(plans.map(async ({ name, migrations }) => [name, await migrationsIn(migrations)] as const)),
  );
}
