import { readFileSync, readdirSync } from 'node:fs';
import { eventually } from './eventually.ts';

/** A process, identified by its number and its start time: the system reuses numbers. */
export interface Process {
  pid: number;
  parent: number;
  /** Clock ticks since the machine started. */
  startedAt: string;
  command: string;
}

/**
 * Every process that has `marker` in its environment, with its descendants: PostgreSQL's child processes overwrite their
 * environment. Reads /proc, so these tests need Linux.
 */
export function processesMarked(marker: string): Process[] {
  const all = allProcesses();
  const found = new Set(all.filter(({ pid }) => environmentOf(pid).includes(marker)));
  for (let before = -1; found.size > before;) {
    before = found.size;
    const pids = new Set([...found].map(({ pid }) => pid));
    for (const one of all) if (pids.has(one.parent)) found.add(one);
  }
  return [...found];
}

/** Entries like `NAME=value`; empty if the process has ended. */
export const environmentOf = (pid: number): string[] => read(pid, 'environ').split('\0');

/** `kill -9` of the processes that still run, in this order. A process that only has the same number is left alone. */
export function killProcesses(processes: readonly Process[]): void {
  for (const { pid } of processes.filter(isRunning)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Waits until all of these have ended. After `timeoutMs` it fails with the commands of those that still run. */
export const untilGone = (processes: readonly Process[], timeoutMs: number): Promise<void> =>
  eventually(() => {
    const left = processes.filter(isRunning);
    if (left.length > 0)
      throw new Error(`still running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
  }, timeoutMs);

const isRunning = ({ pid, startedAt }: Process): boolean => processOf(pid)?.startedAt === startedAt;

const allProcesses = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processOf(Number(name)))
    .filter((one) => one !== undefined);

/** Undefined if the process has ended, even if its parent has not yet collected its exit status. */
function processOf(pid: number): Process | undefined {
  // proc_pid_stat(5): the name may contain spaces and parentheses. After the last one come state, parent and so on.
  const fields = read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ');
  const [state, parent] = fields;
  if (!state || state === 'Z' || state === 'X') return undefined;
  return {
    pid,
    parent: Number(parent),
    startedAt: fields[19]!,
    command: read(pid, 'cmdline').replaceAll('\0', ' ').trim(),
  };
}

function read(pid: number, file: 'stat' | 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // It has just ended.
  }
}
