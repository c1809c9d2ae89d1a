import { readFileSync, readdirSync } from 'node:fs';
import { eventually } from './eventually.ts';

/** A process, by its number and its beginning: the number alone may be somebody else's a moment later. */
export interface Process {
  pid: number;
  parent: number;
  /** Clock ticks since the machine started. */
  startedAt: string;
  command: string;
}

/**
 * Every process that has `marker` in its environment, wherever its parent went, with all their descendants:
 * PostgreSQL's own children write over theirs. Reads /proc, so these tests need Linux.
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

/** `NAME=value` each. A process that is gone has none. */
export const environmentOf = (pid: number): string[] => read(pid, 'environ').split('\0');

/** Kills what of these still runs, in this order, without asking; nobody else's. */
export function killOutright(processes: readonly Process[]): void {
  for (const { pid } of processes.filter(isRunning)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Waits until none of these runs any more; what is left after `patienceMs` was forgotten, and is named. */
export const untilGone = (processes: readonly Process[], patienceMs: number): Promise<void> =>
  eventually(() => {
    const left = processes.filter(isRunning);
    if (left.length > 0)
      throw new Error(`left behind: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`);
  }, patienceMs);

const isRunning = ({ pid, startedAt }: Process): boolean => processOf(pid)?.startedAt === startedAt;

const allProcesses = (): Process[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processOf(Number(name)))
    .filter((one) => one !== undefined);

/** Undefined also where it is dead and only its parent has not looked yet. */
function processOf(pid: number): Process | undefined {
  // proc_pid_stat(5): the name may hold spaces and parentheses; what follows the last one is state, parent and so on.
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
