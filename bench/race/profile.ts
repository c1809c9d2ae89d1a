import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The part of a V8 CPU profile that is read here. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** Microseconds. */
  startTime: number;
  samples: number[];
  /** Microseconds, one for each sample. */
  timeDeltas: number[];
}

/** A stretch of time by the machine's monotonic clock, in microseconds: V8's profiles are stamped by the same one. */
export interface Stretch {
  from: number;
  to: number;
}

export const monotonicMicroseconds = (): number => Number(process.hrtime.bigint() / 1000n);

/** For a Node process of that name, so that its threads leave their profiles in `folder`. */
export const profiled = (folder: string, name: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${path.join(folder, name)}`,
});

const MOST = 15;

/** Where the time of each thread went while it was measured: its functions by their own time, busiest thread first. */
export function summarise(folder: string, measured: readonly Stretch[]): string {
  const threads = readdirSync(folder).flatMap((name) =>
    readdirSync(path.join(folder, name)).map((file) => {
      const profile = JSON.parse(readFileSync(path.join(folder, name, file), 'utf8')) as CpuProfile;
      return { name, ...selfTimes(profile, measured) };
    }),
  );
  return threads
    .filter(({ busyMs }) => busyMs > 0)
    .toSorted((one, other) => other.busyMs - one.busyMs)
    .map(({ name, busyMs, spots }) => [`\n${name}, a thread busy for ${busyMs.toFixed(0)} ms`, ...spots].join('\n'))
    .join('\n');
}

function selfTimes({ nodes, startTime, samples, timeDeltas }: CpuProfile, measured: readonly Stretch[]) {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const spent = new Map<string, number>();
  let at = startTime;
  samples.forEach((id, index) => {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    if (!measured.some(({ from, to }) => at >= from && at < to)) return;
    const place = places.get(id) ?? '';
    spent.set(place, (spent.get(place) ?? 0) + delta / 1000);
  });
  for (const idle of ['(idle)', '(root)']) spent.delete(idle);
  const busyMs = [...spent.values()].reduce((sum, ms) => sum + ms, 0);
  const sorted = [...spent].toSorted(([, one], [, other]) => other - one).slice(0, MOST);
  const spots = sorted.map(([place, ms]) => `  ${((100 * ms) / busyMs).toFixed(1).padStart(5)} %  ${place}`);
  return { busyMs, spots };
}

/** A function and where it stands, from its package or our folder on. */
function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const called = functionName || '(anonymous)';
  if (!url) return called;
  const short = url
    .replace(/^.*\/node_modules\//, '')
    .replace(/^file:\/\/.*?\/(?=(platform|services|gateway|workflows|activities|bench)\/)/, '');
  return `${called}  ${short}:${lineNumber + 1}`;
}
