import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { grant, migrate } from './connection.ts';

/** One service's database: where its migrations are, and which tables nobody may rewrite. */
export interface DatabasePlan<Name extends string = string> {
  name: Name;
  migrations: string;
  appendOnly: readonly string[];
}

/**
 * Gives a service its database and its login, and brings the database up to date. Safe to repeat.
 * @param superuserUrl any database on the server, as a superuser
 * @param serviceUrl what the service itself will use: database, role and password are taken from it
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

/** Migrates a database that exists, as its owner, and grants its role what it may do there. */
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

/** One connection: the advisory locks and the lock timeout below belong to it. */
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
  // Roles belong to the whole server, and two provisioners may meet here; the loser finds it made.
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
