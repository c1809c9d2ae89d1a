import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The fields of a V8 CPU profile that are used here. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** Microseconds. */
  startTime: number;
  samples: number[];
  /** Microseconds, one for each sample. */
  timeDeltas: number[];
}

/** A time span by the machine's monotonic clock, in microseconds. V8's profiles use the same clock. */
export interface TimeSpan {
  from: number;
  to: number;
}

export const monotonicMicroseconds = (): number => Number(process.hrtime.bigint() / 1000n);

/** The environment in which the threads of a Node process write their profiles to `folder`. */
export const profilingEnvironment = (folder: string, name: string): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${path.join(folder, name)}`,
});

const TOP_FUNCTIONS = 15;

/** Lists for each thread the functions with the most self time during the measurements, busiest thread first. */
export function summarizeProfiles(folder: string, measured: readonly TimeSpan[]): string {
  const threads = readdirSync(folder).flatMap((name) =>
    readdirSync(path.join(folder, name)).map((file) => {
      const profile = JSON.parse(readFileSync(path.join(folder, name, file), 'utf8')) as CpuProfile;
      return { name, ...selfTimes(profile, measured) };
    }),
  );
  return threads
    .filter(({ busyMs }) => busyMs > 0)
    .toSorted((one, other) => other.busyMs - one.busyMs)
    .map(({ name, busyMs, functions }) =>
      [`\n${name}, a thread that was busy for ${busyMs.toFixed(0)} ms`, ...functions].join('\n'),
    )
    .join('\n');
}

function selfTimes({ nodes, startTime, samples, timeDeltas }: CpuProfile, measured: readonly TimeSpan[]) {
  const labels = new Map(nodes.map(({ id, callFrame }) => [id, labelOf(callFrame)]));
  const spent = new Map<string, number>();
  let at = startTime;
  samples.forEach((id, index) => {
    const delta = timeDeltas[index] ?? 0;
    at += delta;
    if (!measured.some(({ from, to }) => at >= from && at < to)) return;
    const label = labels.get(id) ?? '';
    spent.set(label, (spent.get(label) ?? 0) + delta / 1000);
  });
  for (const idle of ['(idle)', '(root)']) spent.delete(idle);
  const busyMs = [...spent.values()].reduce((sum, ms) => sum + ms, 0);
  const sorted = [...spent].toSorted(([, one], [, other]) => other - one).slice(0, TOP_FUNCTIONS);
  const functions = sorted.map(([label, ms]) => `  ${((100 * ms) / busyMs).toFixed(1).padStart(5)} %  ${label}`);
  return { busyMs, functions };
}

/** A function's name and its place in the source, relative to its package or to the project. */
function labelOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName || '(anonymous)';
  if (!url) return name;
  const short = url
    .replace(/^.*\/node_modules\//, '')
    .replace(/^file:\/\/.*?\/(?=(platform|services|gateway|workflows|activities|bench)\/)/, '');
  return `${name}  ${short}:${lineNumber + 1}`;
}
