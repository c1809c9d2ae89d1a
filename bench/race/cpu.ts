import { readFileSync, readdirSync } from 'node:fs';

/** Seconds of CPU by process name. */
export type CpuSeconds = Record<string, number>;

// The kernel counts in USER_HZ, which is 100 on every Linux that Node runs on.
const TICKS_A_SECOND = 100;

interface Stat {
  parent: number;
  /** Its own, and of its children that have ended. */
  ticks: number;
}

/** What these processes, and all they have started, have used up to now. Empty where there is no /proc. */
export function cpuSeconds(roots: Readonly<Record<string, number>>): CpuSeconds {
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
    Object.entries(roots).map(([name, pid]) => [name, ticksBelow(pid, stats) / TICKS_A_SECOND]),
  );
}

/** Seconds of CPU that a process and all it has started have used up to now. */
export const cpuSecondsOf = (pid: number): number => cpuSeconds({ it: pid }).it ?? 0;

export const spent = (before: CpuSeconds, after: CpuSeconds): CpuSeconds =>
  Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]));

function ticksBelow(pid: number, stats: ReadonlyMap<number, Stat>): number {
  const children = [...stats].filter(([, { parent }]) => parent === pid);
  return children.reduce((sum, [child]) => sum + ticksBelow(child, stats), stats.get(pid)?.ticks ?? 0);
}

/** proc(5): after the command's name in parentheses come state, ppid, …; utime, stime, cutime and cstime are 14 to 17. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined; // It ended meanwhile, and its parent counts it.
  }
}
