import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { type ServiceDatabase, connect } from '../../platform/database.ts';
import { DATABASES } from '../../platform/databases.ts';
import { bringUpToDate, withDatabase } from '../../platform/start/provision.ts';
import { postgresUrl } from './global.ts';

export interface FreshDatabase<Database> {
  /** Connected as the service's own role, with no more rights than it has in production. */
  db: Kysely<Database>;
  url: string;
  /** As a superuser, for arranging what the service itself may not do. */
  ownerUrl: string;
  drop(): Promise<void>;
}

// Whoever drops a database waits for a checkpoint, which takes a slow disk longer than a service's statement may take.
const NO_LIMIT = 0;

const templates = new Map<ServiceDatabase, Promise<string>>();

/** A migrated database of its own for one test file, cloned from a template made once a run. `drop` it afterwards. */
export async function freshDatabase<Database>(service: ServiceDatabase): Promise<FreshDatabase<Database>> {
  if (!templates.has(service)) templates.set(service, createTemplate(service));
  const template = await templates.get(service)!;
  const name = `${template}_${randomUUID().slice(0, 8)}`;
  const role = `${template}_role`;
  await asSuperuser(async (server) => {
    await sql`create database ${sql.id(name)} template ${sql.id(template)}`.execute(server);
  });
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

async function createTemplate(service: ServiceDatabase): Promise<string> {
  const name = `t_${service}_${randomUUID().slice(0, 8)}`;
  const role = `${name}_role`;
  await asSuperuser(async (server) => {
    await sql`create role ${sql.id(role)} login password ${sql.lit(role)}`.execute(server);
    await sql`create database ${sql.id(name)}`.execute(server);
  });
  await bringUpToDate(DATABASES[service], withDatabase(await postgresUrl(), name), role);
  return name;
}

async function asSuperuser(work: (server: Kysely<unknown>) => Promise<void>): Promise<void> {
  const server = connect<unknown>(await postgresUrl(), 1, NO_LIMIT);
  await work(server).finally(() => server.destroy());
}
