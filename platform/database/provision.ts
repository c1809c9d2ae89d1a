import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { SettingError } from '../config.ts';
import { ignoreLostConnections, sessionLimits } from './connection.ts';
import { clientConfig } from './url.ts';
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
 * @param superuserUrl any database on the server, as a superuser; or as a role that owns the service's database, where it
 *   and the login were made beforehand
 * @param serviceUrl the URL that the service itself will use: gives the database, role and password
 */
export async function provision(plan: DatabasePlan, superuserUrl: string, serviceUrl: string): Promise<void> {
  const parts = partsOf(serviceUrl);
  const server = superuser(superuserUrl);
  try {
    await ensureRole(server, parts);
    await ensureDatabase(server, parts);
  } finally {
    await server.destroy();
  }
  await bringUpToDate(plan, withDatabase(superuserUrl, parts.database), parts.role);
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
function superuser(url: string): Kysely<unknown> {
  const pool = new pg.Pool({ ...clientConfig(url), max: 1, options: '-c lock_timeout=10s' });
  ignoreLostConnections(pool);
  return new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
}

interface ServiceLogin {
  database: string;
  role: string;
  password: string;
}

function partsOf(url: string): ServiceLogin {
  const { pathname, username, password } = new URL(url);
  return {
    database: decodeURIComponent(pathname.slice(1)),
    role: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/** SQLSTATE `insufficient_privilege`. */
const NOT_ALLOWED = '42501';

async function ensureRole(server: Kysely<unknown>, { role, password }: ServiceLogin): Promise<void> {
  // Roles belong to the whole server, so two provisioners may race here; the second finds the role created.
  await sql`select pg_advisory_lock(hashtext('order-platform-provision'))`.execute(server);
  try {
    const { rows } = await sql`select 1 from pg_roles where rolname = ${role}`.execute(server);
    const exists = rows.length > 0;
    try {
      await sql`${exists ? sql`alter` : sql`create`} role ${sql.id(role)} login password ${sql.lit(password)}`.execute(
        server,
      );
      // For connections through a pooler, which drops what a client asks for at its start.
      for (const [name, milliseconds] of Object.entries(sessionLimits())) {
        await sql`alter role ${sql.id(role)} set ${sql.id(name)} = ${sql.lit(milliseconds)}`.execute(server);
      }
    } catch (error) {
      // Made beforehand, by somebody who may: its password is theirs to set.
      if (!exists || !isNotAllowed(error))
        refuse(error, `create the role ${role}`, `create role ${role} login password '…'`);
    }
  } finally {
    await sql`select pg_advisory_unlock(hashtext('order-platform-provision'))`.execute(server);
  }
}

async function ensureDatabase(server: Kysely<unknown>, { database, role }: ServiceLogin): Promise<void> {
  const { rows } = await sql<{ me: string; exists: boolean; owned: boolean }>`
    select current_user as me, datname is not null as exists, coalesce(pg_has_role(datdba, 'usage'), false) as owned
    from (select 1) as one left join pg_database on datname = ${database}`.execute(server);
  const { me, exists, owned } = rows[0]!;
  if (!exists) {
    await sql`create database ${sql.id(database)}`
      .execute(server)
      .catch((error: unknown) =>
        refuse(error, `create the database ${database}`, `create database ${database} owner ${me}`),
      );
  } else if (!owned) {
    refuse({ code: NOT_ALLOWED }, `migrate the database ${database}`, `alter database ${database} owner to ${me}`);
  }
  await sql`revoke connect, temporary on database ${sql.id(database)} from public`.execute(server);
  await sql`grant connect on database ${sql.id(database)} to ${sql.id(role)}`.execute(server);
}

const isNotAllowed = (error: unknown): boolean => (error as { code?: string }).code === NOT_ALLOWED;

/** Says what somebody with more rights must do, if rights are what is missing. */
function refuse(error: unknown, what: string, statement: string): never {
  if (!isNotAllowed(error)) throw error;
  throw new SettingError(`the login of DATABASE_URL may not ${what}: let a superuser run: ${statement}`, {
    cause: error,
  });
}
