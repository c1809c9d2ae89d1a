import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseName } from '../../services/registry.ts';
import { type PostgresServer, endLeftoverPostgres, startPostgres } from '../../local/postgres.ts';
import { databaseUrl } from '../../local/processes.ts';
import { withDatabase } from '../../platform/database/provision.ts';
import { type Secrets, loadSecrets } from '../../local/secrets.ts';
import { forget, remember } from './children.ts';
import { killTree } from './kill-tree.ts';
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
  /** Kills PostgreSQL with all its processes at once. Resolves when they have ended. */
  killPostgres(): Promise<void>;
  /** Starts it again on the same files and port. Resolves when it has recovered and accepts connections. */
  restartPostgres(): Promise<void>;
}

type Given = Pick<World, 'folder' | 'cache' | 'binary' | 'signal'>;

// PostgreSQL refuses PREPARE TRANSACTION by default. An order of `two-phase-commit` has three prepared transactions, of as
// many orders as there are clients: at most 64, and those that a fault has left.
const POSTGRES_SETTINGS = {
  max_prepared_transactions: '300',
  // Otherwise the session of a killed process waits for its lock until the statement's time limit, and counts as a wait.
  client_connection_check_interval: '200ms',
};

/** Starts PostgreSQL in an empty folder; first ends one that an earlier, killed run left behind. */
export async function openWorld(given: Given): Promise<{ world: World; close: () => Promise<void> }> {
  const folder = path.join(given.folder, 'postgres');
  await endLeftoverPostgres(folder);
  rmSync(given.folder, { recursive: true, force: true });
  mkdirSync(given.folder, { recursive: true });
  const secrets = await loadSecrets(given.folder);
  const start = async (port: number) => {
    const { postgresPassword: password } = secrets;
    const server = await startPostgres({ folder, port, password, settings: POSTGRES_SETTINGS });
    // PostgreSQL's signal for an immediate shutdown, child processes included.
    remember(server.pid, 'SIGQUIT');
    return server;
  };
  let server: PostgresServer | undefined = await start(0);
  const { url, pid } = server;
  /** Ends it in this way, if it runs. */
  const end = async (way: (server: PostgresServer) => Promise<unknown>) => {
    if (!server) return;
    const ending = server;
    server = undefined;
    await way(ending);
    forget(ending.pid);
  };
  const world: World = {
    ...given,
    secrets,
    superuserUrl: url,
    postgresPid: pid,
    killPostgres: () =>
      end(async ({ pid, ended }) => {
        await killTree(pid);
        await ended;
      }),
    async restartPostgres() {
      server ??= await start(Number(new URL(url).port));
      world.postgresPid = server.pid;
    },
  };
  return { world, close: () => end((server) => server.close()) };
}

/** A service's database, connected as a superuser. */
export const adminUrl = ({ superuserUrl }: World, name: DatabaseName): string =>
  withDatabase(superuserUrl, databaseName(superuserUrl, name));

export const databaseName = (superuserUrl: string, name: DatabaseName): string =>
  new URL(databaseUrl(superuserUrl, name, '')).pathname.slice(1);
