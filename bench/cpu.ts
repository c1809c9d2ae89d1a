import { readFileSync, readdirSync } from 'node:fs';

/** Seconds of CPU by process name. */
export type CpuSeconds = Record<string, number>;

// USER_HZ, which is 100 on every Linux that Node runs on.
const TICKS_PER_SECOND = 100;

interface Stat {
  parent: number;
  /** The process's own, and those of its children that have ended. */
  ticks: number;
}

/** The CPU that these processes and all their descendants have used so far. Empty without /proc. */
export function cpuSeconds(pids: Readonly<Record<string, number>>): CpuSeconds {
  if (process.platform !== 'linux') return {};
  const stats = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        const stat = statOf(Number(name));
        return stat ? [[Number(name), stat] as const] : [];
      }),
  );
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, ticksOfTree(pid, stats) / TICKS_PER_SECOND]),
  );
}

/** The CPU that a process and all its descendants have used so far. */
export const cpuSecondsOf = (pid: number): number => cpuSeconds({ process: pid }).process ?? 0;

/** The CPU used between two readings. */
export const cpuBetween = (before: CpuSeconds, after: CpuSeconds): CpuSeconds =>
  Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]));

function ticksOfTree(pid: number, stats: ReadonlyMap<number, Stat>): number {
  const children = [...stats].filter(([, { parent }]) => parent === pid);
  return children.reduce((sum, [child]) => sum + ticksOfTree(child, stats), stats.get(pid)?.ticks ?? 0);
}

/** proc(5): the command's name in parentheses is followed by state, ppid, …; utime, stime, cutime and cstime are fields 14 to 17. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined; // The process has just ended, and its parent counts its CPU.
  }
}
