import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseName } from '../../services/registry.ts';
import { endLeftoverPostgres, startPostgres } from '../../local/postgres.ts';
import { databaseUrl } from '../../local/processes.ts';
import { withDatabase } from '../../platform/database/provision.ts';
import { type Secrets, loadSecrets } from '../../local/secrets.ts';
import { forget, remember } from './children.ts';
import type { ServerBinary } from './temporal/binary.ts';

/** What all systems share for the whole run: one PostgreSQL with fsync on, one set of secrets, one Temporal binary. */
export interface World {
  superuserUrl: string;
  postgresPid: number;
  secrets: Secrets;
  /** The folder of the run's state. */
  folder: string;
  cache: string;
  binary: ServerBinary;
  signal: AbortSignal;
}

/** Starts PostgreSQL in an empty folder; first ends one that an earlier, killed run left behind. */
export async function openWorld(given: Omit<World, 'superuserUrl' | 'postgresPid' | 'secrets'>) {
  const postgresFolder = path.join(given.folder, 'postgres');
  await endLeftoverPostgres(postgresFolder);
  rmSync(given.folder, { recursive: true, force: true });
  mkdirSync(given.folder, { recursive: true });
  const secrets = await loadSecrets(given.folder);
  const server = await startPostgres({ folder: postgresFolder, port: 0, password: secrets.postgresPassword });
  // PostgreSQL's signal for an immediate shutdown, child processes included.
  remember(server.pid, 'SIGQUIT');
  const world: World = { ...given, secrets, superuserUrl: server.url, postgresPid: server.pid };
  const close = async () => {
    await server.close();
    forget(server.pid);
  };
  return { world, close };
}

/** A service's database, connected as a superuser. */
export const adminUrl = ({ superuserUrl }: World, name: DatabaseName): string =>
  withDatabase(superuserUrl, databaseName(superuserUrl, name));

export const databaseName = (superuserUrl: string, name: DatabaseName): string =>
  new URL(databaseUrl(superuserUrl, name, '')).pathname.slice(1);
