import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { print, runTool } from '../../tools/command-line.ts';
import { type RaceOptions, readOptions } from './arguments.ts';
import { checkOut } from './checkout.ts';
import { comparisonReport, systemsAt } from './compare.ts';
import { type FaultOptions, readFaultOptions } from './faults/arguments.ts';
import { runFaults } from './faults/command.ts';
import { describeMachine } from './machine.ts';
import { installPeers } from './install.ts';
import { Processes, killEverything } from './children.ts';
import { RunFailure } from './measuring.ts';
import { summarizeProfiles } from './profile.ts';
import { reportOf } from './report.ts';
import { type Result, type Sample, livesOf, measurementsOf } from './result.ts';
import { type Samples, runRounds } from './rounds.ts';
import { settingsReport } from './server-settings.ts';
import { type Pair, runSideBySide } from './side-by-side.ts';
import type { System } from './systems/system.ts';
import { type ServerBinary, developmentServer, findServer } from './temporal/binary.ts';
import { prepareServers } from './temporal/server.ts';
import { type World, openWorld } from './world.ts';

/** As for `npm start`: Temporal's development server, bundled workflows and compiled code are there already. */
const CACHE = path.join(import.meta.dirname, '../../.cache');
const BENCH_CACHE = path.join(CACHE, 'bench');
const DATA = path.join(import.meta.dirname, '../.data');
const BASE_DATA = path.join(import.meta.dirname, '../.data-base');
const stopping = new AbortController();

/** `npm run bench`: measures every system or runs it under faults, compares the ledgers, prints a report, and leaves no process running. */
async function main(): Promise<0 | 1 | 130> {
  const [command, ...given] = process.argv.slice(2);
  const work = command === 'faults' ? faultRun(readFaultOptions(given)) : race(readOptions(process.argv.slice(2)));
  stopOnSignals();
  try {
    await installPeers(print);
    return await work();
  } catch (error) {
    if (stopping.signal.aborted) {
      print('stopped');
      return 130;
    }
    if (!(error instanceof RunFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

const race = (options: RaceOptions) => async (): Promise<0> => {
  report(options, await measure(options));
  return 0;
};

const faultRun = (options: FaultOptions) => async (): Promise<0 | 1> => {
  const binary = options.quick ? await developmentServer(CACHE) : await findServer(BENCH_CACHE, print);
  const usesTemporal = options.systems.some(({ system }) => system.needs.temporal);
  return withWorld({ folder: DATA, cache: CACHE, binary, usesTemporal }, (world) => runFaults(world, options));
};

async function measure(options: RaceOptions): Promise<{ result: Result; samples: Sample[] }> {
  const startedAt = new Date().toISOString();
  const binary = await findServer(BENCH_CACHE, print);
  const usesTemporal = options.systems.some(({ needs }) => needs.temporal);
  const worldIn = (folder: string) => ({ folder, cache: CACHE, binary, usesTemporal });
  return withWorld(worldIn(DATA), async (world) => {
    const { base } = options;
    const measured =
      base === undefined
        ? await measureRace(world, options)
        : await withWorld(worldIn(BASE_DATA), (before) => measureComparison({ now: world, before }, options, base));
    const { systems, samples, lives, ...more } = measured;
    const result = {
      startedAt,
      command: options.command,
      machine: await describeMachine(world),
      rounds: options.rounds,
      seconds: options.seconds,
      setUps: Object.fromEntries(systems.map(({ row, setUp }) => [row, setUp])),
      ...more,
      measurements: measurementsOf(samples),
      ...(lives.length > 0 && { lives: livesOf(lives) }),
    };
    return { result, samples };
  });
}

interface Measured extends Samples {
  systems: readonly System[];
  base?: string;
}

const measureRace = async (world: World, options: RaceOptions): Promise<Measured> => ({
  systems: options.systems,
  ...(await runRounds(world, { ...options, print })),
});

async function measureComparison(worlds: Pair<World>, options: RaceOptions, base: string): Promise<Measured> {
  const checkout = await checkOut(base, BENCH_CACHE);
  const others = await systemsAt(checkout, options.systems);
  const pairs = options.systems.map((now, index) => ({ now, before: others[index]! }));
  const samples = await runSideBySide(worlds, { ...options, pairs, print });
  return { systems: [...options.systems, ...others], base: checkout.id, samples, lives: [] };
}

interface WorldOptions {
  folder: string;
  cache: string;
  binary: ServerBinary;
  usesTemporal: boolean;
}

/** Opens a world for this work, ready for Temporal's server where a system uses one, and closes it. */
async function withWorld<Outcome>(
  { usesTemporal, ...given }: WorldOptions,
  work: (world: World) => Promise<Outcome>,
): Promise<Outcome> {
  const { world, close } = await openWorld({ ...given, signal: stopping.signal });
  try {
    if (usesTemporal) await prepareTemporal(world);
    return await work(world);
  } finally {
    await close();
  }
}

async function prepareTemporal({ binary, superuserUrl, folder, signal }: World): Promise<void> {
  if (binary.kind !== 'full') return;
  const logs = path.join(folder, 'template');
  await prepareServers(binary, { folder: logs, superuserUrl, processes: new Processes(logs, signal) });
}

function report(options: RaceOptions, { result, samples }: { result: Result; samples: Sample[] }): void {
  mkdirSync(path.dirname(options.output), { recursive: true });
  writeFileSync(options.output, `${JSON.stringify(result, null, 2)}\n`);
  const render = options.serverSettings ? settingsReport : options.base === undefined ? reportOf : comparisonReport;
  print(render(result));
  if (options.profile) {
    const measured = samples.map((sample) => sample.measured);
    print(summarizeProfiles(options.profile, measured));
  }
  print(`written to ${path.relative(process.cwd(), options.output)}`);
}

// On Ctrl-C the terminal signals this process and npm, which forwards the signal: two this close together count as one.
const SAME_SIGNAL_MS = 1_000;

/** The first signal stops everything in order, the second one at once. */
function stopOnSignals(): void {
  let firstAt: number | undefined;
  const stop = () => {
    firstAt ??= Date.now();
    stopping.abort(new Error('stopped'));
    if (Date.now() - firstAt > SAME_SIGNAL_MS) process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.on('exit', killEverything);
}

await runTool(main);
