import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../platform/config.ts';
import { checkFolderVersion, recordVersion } from './data-folder-version.ts';
import { type Addresses, LOCK } from './lock-file.ts';
import { endLeftoverPostgres } from './postgres.ts';
import { endProcess, isRunning, sendSignal } from './server-process.ts';
import { endLeftoverTemporal } from './temporal.ts';

/** Marks a folder as a data folder of this platform. */
const MARKER = '.order-platform';
/** The folder contains customers' orders and addresses. */
const OWNER_ONLY = 0o700;
/** PostgreSQL's name among the child processes. */
export const POSTGRES = 'PostgreSQL';

/** Content of the lock file. */
interface Lock extends Partial<Addresses> {
  supervisor: number;
  children: Record<string, number>;
}

/** The folder with all state of a platform, locked by this process until `release`. */
export interface DataFolder {
  path: string;
  /** Records a child process, so that the next start can end it if this process is killed. */
  recordChild(name: string, pid: number): void;
  recordAddresses(addresses: Addresses): void;
  /** Kills every recorded child process at once. */
  killChildren(): void;
  release(): void;
}

/** Parts of the command lines of a supervisor and its children, however they were started. */
const SUPERVISOR_COMMAND = 'local/';
const CHILD_COMMAND = 'main.ts';

// Longer than a process drains: a service's worker gives running activities 15 s.
const CHILD_GRACE_MS = 20_000;

/**
 * Locks `folder` for this process, creates it if necessary, and empties it if `reset` is set. Refuses a folder with other
 * files, and one that another platform is using. First ends processes that a killed supervisor left behind.
 */
export async function takeDataFolder(folder: string, { reset }: { reset: boolean }): Promise<DataFolder> {
  const absolute = path.resolve(folder);
  claim(absolute);
  if (!reset) await checkFolderVersion(absolute);
  await lock(absolute);
  await Promise.all([endLeftoverTemporal(temporalFolder(absolute)), endLeftoverPostgres(postgresFolder(absolute))]);
  if (reset) empty(absolute);
  await recordVersion(absolute);
  return createHandle(absolute);
}

export const postgresFolder = (folder: string): string => path.join(folder, 'postgres');
export const temporalFolder = (folder: string): string => path.join(folder, 'temporal');

/** Explains in one line which setting to change if an error concerns `folder`; otherwise undefined. */
export function explainFolderError(error: unknown, folder: string): string | undefined {
  const { code, path: failedPath } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC')
    return `the disk of ${folder} is full: free some space, or set DATA_DIR to a folder on another disk`;
  if (!code || !failedPath) return undefined;
  const concerned = `${failedPath}/`.startsWith(`${folder}/`) || folder.startsWith(`${failedPath}/`);
  return concerned ? `cannot use ${folder} (${code}): set DATA_DIR to a writable folder` : undefined;
}

/** Marks `folder` as a data folder and creates it if necessary. Refuses a folder with other files. */
export function claim(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
  const marker = path.join(folder, MARKER);
  if (existsSync(marker)) return;
  if (readdirSync(folder).length > 0) {
    throw new SettingError(`${folder} contains files of another program: set DATA_DIR to an empty or new folder`);
  }
  writeFileSync(marker, 'All state of an order platform. `npm start -- --reset` deletes it.\n');
}

async function lock(folder: string): Promise<void> {
  const file = path.join(folder, LOCK);
  const left = readLock(file);
  if (left && left.supervisor !== process.pid && isRunning(left.supervisor, SUPERVISOR_COMMAND)) {
    throw new SettingError(
      `a platform is already running on ${folder} (process ${left.supervisor}): stop it, or set DATA_DIR`,
    );
  }
  if (left) await endChildren(left);
  if (existsSync(file) && readLock(file)?.supervisor === left?.supervisor) rmSync(file);
  try {
    // Of two starts at the same moment, only one creates the file.
    writeFileSync(file, JSON.stringify({ supervisor: process.pid, children: {} }), { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new SettingError(`another process is starting on ${folder}: stop it, or set DATA_DIR`, { cause });
  }
}

function readLock(file: string): Lock | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Lock;
  } catch {
    return undefined; // Incomplete, for example because of a full disk: no process holds it.
  }
}

/** Children end by themselves when their supervisor is gone; this waits for them, and kills those that do not. */
async function endChildren({ children }: Lock): Promise<void> {
  const left = Object.values(children).filter((pid) => isRunning(pid, CHILD_COMMAND));
  const signals = { stopSignal: 'SIGTERM', killSignal: 'SIGKILL' } as const;
  await Promise.all(
    left.map((pid) => endProcess(pid, { command: CHILD_COMMAND, ...signals, graceMs: CHILD_GRACE_MS })),
  );
}

function createHandle(folder: string): DataFolder {
  const file = path.join(folder, LOCK);
  const content: Lock = { supervisor: process.pid, children: {} };
  const write = () => {
    const unfinished = `${file}.new`;
    writeFileSync(unfinished, JSON.stringify(content));
    renameSync(unfinished, file);
  };
  return {
    path: folder,
    recordChild(name, pid) {
      content.children[name] = pid;
      write();
    },
    recordAddresses(addresses) {
      Object.assign(content, addresses);
      write();
    },
    killChildren() {
      // SIGQUIT is PostgreSQL's immediate shutdown, which also ends its child processes. The others have none.
      for (const [name, pid] of Object.entries(content.children))
        sendSignal(pid, name === POSTGRES ? 'SIGQUIT' : 'SIGKILL');
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** Keeps the marker and the lock, so that the folder is still recognized after an interruption. */
function empty(folder: string): void {
  const kept = [MARKER, LOCK];
  for (const name of readdirSync(folder).filter((name) => !kept.includes(name))) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
