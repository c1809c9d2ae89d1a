import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import type { DatabaseName } from '../../services/registry.ts';
import { type DatabasePlan, bringUpToDate, withDatabase } from '../../platform/database/provision.ts';
import { postgresUrl, sharedServer } from './shared-server.ts';

export interface FreshDatabase<Database> {
  /** Connected as the service's own role, with no more rights than it has in production. */
  db: Kysely<Database>;
  url: string;
  /** As a superuser, for changes that the service itself may not make. */
  ownerUrl: string;
  drop(): Promise<void>;
}

// `drop database` waits for a checkpoint, which on a slow disk takes longer than a service's statement may take.
const NO_STATEMENT_TIMEOUT = 0;

/** A migrated database for one test file, cloned from a template that is created once a run. `drop` it afterwards. */
export async function freshDatabase<Database>(service: DatabaseName): Promise<FreshDatabase<Database>> {
  const { database: template, role } = await sharedServer('template', service);
  // The default strategy, through the write-ahead log, is for servers that must not write a checkpoint now.
  const name = await createDatabase(template, sql`template ${sql.id(template)} strategy file_copy`);
  return opened(name, role);
}

/** A database for one test file with other migrations than the service's own, and with the service's role. */
export async function freshDatabaseOf<Database>(plan: DatabasePlan<DatabaseName>): Promise<FreshDatabase<Database>> {
  const { database: template, role } = await sharedServer('template', plan.name);
  const name = await createDatabase(template);
  await bringUpToDate(plan, withDatabase(await postgresUrl(), name), role);
  return opened(name, role);
}

async function createDatabase(prefix: string, from = sql``): Promise<string> {
  const name = `${prefix}_${randomUUID().slice(0, 8)}`;
  await asSuperuser(async (server) => {
    await sql`create database ${sql.id(name)} ${from}`.execute(server);
  });
  return name;
}

async function opened<Database>(name: string, role: string): Promise<FreshDatabase<Database>> {
  const ownerUrl = withDatabase(await postgresUrl(), name);
  const url = new URL(ownerUrl);
  url.username = role;
  url.password = role;
  const db = connect<Database>(url.href);
  return {
    db,
    url: url.href,
    ownerUrl,
    async drop() {
      await db.destroy();
      await asSuperuser(async (server) => {
        await sql`drop database ${sql.id(name)} with (force)`.execute(server);
      });
    },
  };
}

async function asSuperuser(work: (server: Kysely<unknown>) => Promise<void>): Promise<void> {
  const server = connect<unknown>(await postgresUrl(), 1, NO_STATEMENT_TIMEOUT);
  await work(server).finally(() => server.destroy());
}
