import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { grant, migrate, refuseOtherVersion } from './migrate.ts';

/** SQLSTATE `invalid_catalog_name`. */
const UNKNOWN_DATABASE = '3D000';

/** One service's database: its migrations, and the tables that are append-only. */
export interface DatabasePlan<Name extends string = string> {
  name: Name;
  migrations: string;
  appendOnly: readonly string[];
}

/**
 * Throws a SettingError if another version of the platform has migrated this database. Changes nothing; a database that
 * does not exist is fine. Call it for every database before `provision` changes the first.
 * @param instead what a person can do other than to start that version; see `refuseOtherVersion`
 */
export async function checkVersion(
  plan: DatabasePlan,
  { superuserUrl, serviceUrl, instead }: { superuserUrl: string; serviceUrl: string; instead?: string | undefined },
): Promise<void> {
  const db = superuser(withDatabase(superuserUrl, partsOf(serviceUrl).database));
  try {
    await refuseOtherVersion(db, plan.migrations, instead);
  } catch (error) {
    if ((error as { code?: string }).code !== UNKNOWN_DATABASE) throw error;
  } finally {
    await db.destroy();
  }
}

/**
 * Gives a service its database and its login, and brings the database up to date. Safe to repeat.
 * @param superuserUrl any database on the server, as a superuser
 * @param serviceUrl the URL that the service itself will use: gives the database, role and password
 */
export async function provision(plan: DatabasePlan, superuserUrl: string, serviceUrl: string): Promise<void> {
  const { database, role, password } = partsOf(serviceUrl);
  const server = superuser(superuserUrl);
  try {
    await ensureRole(server, role, password);
    await ensureDatabase(server, database, role);
  } finally {
    await server.destroy();
  }
  await bringUpToDate(plan, withDatabase(superuserUrl, database), role);
}

/** Migrates an existing database as its owner and grants the service's role its privileges. */
export async function bringUpToDate(plan: DatabasePlan, ownerUrl: string, role: string): Promise<void> {
  const db = superuser(ownerUrl);
  try {
    await sql`revoke all on schema public from public`.execute(db);
    await migrate(db, plan.migrations);
    await grant(db, role, plan.appendOnly);
  } finally {
    await db.destroy();
  }
}

export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = database;
  return changed.href;
}

/** One connection, because advisory locks and the lock timeout belong to a connection. */
const superuser = (connectionString: string) =>
  new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString, max: 1, options: '-c lock_timeout=10s' }) }),
  });

function partsOf(url: string) {
  const { pathname, username, password } = new URL(url);
  return {
    database: decodeURIComponent(pathname.slice(1)),
    role: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

async function ensureRole(server: Kysely<unknown>, role: string, password: string): Promise<void> {
  // Roles belong to the whole server, so two provisioners may race here; the second finds the role created.
  await sql`select pg_advisory_lock(hashtext('order-platform-provision'))`.execute(server);
  const { rows } = await sql`select 1 from pg_roles where rolname = ${role}`.execute(server);
  const statement = rows.length === 0 ? sql`create role` : sql`alter role`;
  await sql`${statement} ${sql.id(role)} login password ${sql.lit(password)}`.execute(server);
  await sql`select pg_advisory_unlock(hashtext('order-platform-provision'))`.execute(server);
}

async function ensureDatabase(server: Kysely<unknown>, database: string, role: string): Promise<void> {
  const { rows } = await sql`select 1 from pg_database where datname = ${database}`.execute(server);
  if (rows.length === 0) await sql`create database ${sql.id(database)}`.execute(server);
  await sql`revoke connect, temporary on database ${sql.id(database)} from public`.execute(server);
  await sql`grant connect on database ${sql.id(database)} to ${sql.id(role)}`.execute(server);
}
