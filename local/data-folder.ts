import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../platform/config.ts';
import { checkFolderVersion, recordVersion } from './data-folder-version.ts';
import { endLeftoverPostgres } from './postgres.ts';
import { end, runs, signal } from './server-process.ts';
import { endLeftoverTemporal } from './temporal.ts';

/** Tells our folder from anybody else's. */
const MARKER = '.order-platform';
/** People's orders and addresses are in it. */
const OWNER_ONLY = 0o700;
/** Who runs on the folder: one supervisor and its Node processes. */
const LOCK = 'running.json';
/** What PostgreSQL is called among the children. */
export const POSTGRES = 'PostgreSQL';

interface RunningProcesses extends Partial<Addresses> {
  supervisor: number;
  children: Record<string, number>;
}

/** Where everything answers. The operator's tools read it from the lock. */
export interface Addresses {
  api: string;
  /** By service. */
  doors: Record<string, string>;
  processor: string;
  carrier: string;
}

/** A folder that holds all of a platform's state, held by this process alone until `release`. */
export interface DataFolder {
  path: string;
  /** Notes a child, so that the next start finds it should this process be killed outright. */
  noteChild(name: string, pid: number): void;
  noteAddresses(addresses: Addresses): void;
  /** Ends every child noted at once, without asking. */
  killChildren(): void;
  release(): void;
}

/** What a supervisor's and its children's command lines have in them, however they were started. */
const SUPERVISOR = 'local/';
const CHILD = 'main.ts';

// Longer than a process drains: the service's worker allows what runs 15 s.
const CHILD_GRACE_MS = 20_000;

/**
 * Takes `folder` for this process, making it where it does not exist, and empties it first where `reset` says so.
 * Refuses a folder with somebody else's files, and one on which another platform runs. What a supervisor that was
 * killed left running is ended first.
 */
export async function takeDataFolder(folder: string, { reset }: { reset: boolean }): Promise<DataFolder> {
  const absolute = path.resolve(folder);
  claim(absolute);
  if (!reset) await checkFolderVersion(absolute);
  await lock(absolute);
  await Promise.all([endLeftoverTemporal(temporalFolder(absolute)), endLeftoverPostgres(postgresFolder(absolute))]);
  if (reset) empty(absolute);
  await recordVersion(absolute);
  return held(absolute);
}

export const postgresFolder = (folder: string): string => path.join(folder, 'postgres');
export const temporalFolder = (folder: string): string => path.join(folder, 'temporal');

/** One line on which setting to change, where an error is about `folder`; undefined where it is about something else. */
export function folderComplaint(error: unknown, folder: string): string | undefined {
  const { code, path: where } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC') return `the disk of ${folder} is full: free some of it, or set DATA_DIR`;
  if (!code || !where) return undefined;
  const ours = `${where}/`.startsWith(`${folder}/`) || folder.startsWith(`${where}/`);
  return ours ? `${folder} cannot be used (${code}): set DATA_DIR to a folder that can be written` : undefined;
}

/** Marks `folder` as ours, making it where it does not exist. Refuses one with somebody else's files. */
export function claim(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: OWNER_ONLY });
  const marker = path.join(folder, MARKER);
  if (existsSync(marker)) return;
  if (readdirSync(folder).length > 0) {
    throw new SettingError(`${folder} holds files that are not ours: set DATA_DIR to an empty or a new folder`);
  }
  writeFileSync(marker, 'All state of an order platform. `npm start -- --reset` removes it.\n');
}

async function lock(folder: string): Promise<void> {
  const file = path.join(folder, LOCK);
  const left = readLock(file);
  if (left && left.supervisor !== process.pid && runs(left.supervisor, SUPERVISOR)) {
    throw new SettingError(`already running on ${folder} (process ${left.supervisor}): stop it, or set DATA_DIR`);
  }
  if (left) await endAll(left);
  if (existsSync(file) && readLock(file)?.supervisor === left?.supervisor) rmSync(file);
  try {
    // Two that start at the same moment meet here: only one makes the file.
    writeFileSync(file, JSON.stringify({ supervisor: process.pid, children: {} }), { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new SettingError(`another start on ${folder} is under way`, { cause });
  }
}

function readLock(file: string): RunningProcesses | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunningProcesses;
  } catch {
    return undefined; // Cut off in the middle of writing, as by a full disk: nobody holds it.
  }
}

/** They notice that their supervisor is gone and end by themselves; this waits for it, and insists. */
async function endAll({ children }: RunningProcesses): Promise<void> {
  const left = Object.values(children).filter((pid) => runs(pid, CHILD));
  await Promise.all(
    left.map((pid) => end(pid, { words: CHILD, ask: 'SIGTERM', force: 'SIGKILL', graceMs: CHILD_GRACE_MS })),
  );
}

function held(folder: string): DataFolder {
  const file = path.join(folder, LOCK);
  const running: RunningProcesses = { supervisor: process.pid, children: {} };
  const write = () => {
    const unfinished = `${file}.new`;
    writeFileSync(unfinished, JSON.stringify(running));
    renameSync(unfinished, file);
  };
  return {
    path: folder,
    noteChild(name, pid) {
      running.children[name] = pid;
      write();
    },
    noteAddresses(addresses) {
      Object.assign(running, addresses);
      write();
    },
    killChildren() {
      // PostgreSQL's own word for "at once": it takes its processes along. The others have none to take.
      for (const [name, pid] of Object.entries(running.children))
        signal(pid, name === POSTGRES ? 'SIGQUIT' : 'SIGKILL');
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** The marker and the lock stay: interrupted, the folder is still known as ours. */
function empty(folder: string): void {
  const kept = [MARKER, LOCK];
  for (const name of readdirSync(folder).filter((name) => !kept.includes(name))) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}
