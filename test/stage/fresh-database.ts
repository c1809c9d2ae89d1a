import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import type { DatabaseName } from '../../services/registry.ts';
import { withDatabase } from '../../platform/database/provision.ts';
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
  const name = `${template}_${randomUUID().slice(0, 8)}`;
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

async function asSuperuser(work: (server: Kysely<unknown>) => Promise<void>): Promise<void> {
  const server = connect<unknown>(await postgresUrl(), 1, NO_STATEMENT_TIMEOUT);
  await work(server).finally(() => server.destroy());
}
