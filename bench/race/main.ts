import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runTool } from '../../tools/command-line.ts';
import { type Wish, readWish } from './arguments.ts';
import { describeMachine } from './machine.ts';
import { installPeers } from './install.ts';
import { Processes, killEverything } from './children.ts';
import { summarise } from './profile.ts';
import { reportOf } from './report.ts';
import { type Result, type Sample, figuresOf } from './result.ts';
import { RunFailure, runRounds } from './rounds.ts';
import { settingsReport } from './server-settings.ts';
import { findServer } from './temporal/binary.ts';
import { prepareServers } from './temporal/server.ts';
import { type World, openWorld } from './world.ts';

const CACHE = path.join(import.meta.dirname, '../../.cache/bench');
const DATA = path.join(import.meta.dirname, '../.data');
const stopping = new AbortController();
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** `npm run bench`: measures, compares every ledger, reports, and leaves nothing running. */
async function main(): Promise<0 | 1 | 130> {
  const wish = readWish(process.argv.slice(2));
  stopOnSignals();
  try {
    await installPeers(say);
    report(wish, await measure(wish));
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) {
      say('stopped');
      return 130;
    }
    if (!(error instanceof RunFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function measure(wish: Wish): Promise<{ result: Result; samples: Sample[] }> {
  const startedAt = new Date().toISOString();
  const binary = await findServer(CACHE, say);
  const { world, close } = await openWorld({ folder: DATA, cache: CACHE, binary, signal: stopping.signal });
  try {
    if (wish.systems.some(({ needs }) => needs.temporal)) await prepareTemporal(world);
    const samples = await runRounds(world, { ...wish, say });
    const result = {
      startedAt,
      command: wish.command,
      machine: await describeMachine(world),
      rounds: wish.rounds,
      seconds: wish.seconds,
      setUps: Object.fromEntries(wish.systems.map(({ row, setUp }) => [row, setUp])),
      figures: figuresOf(samples),
    };
    return { result, samples };
  } finally {
    await close();
  }
}

async function prepareTemporal({ binary, superuserUrl, signal }: World): Promise<void> {
  if (binary.kind !== 'full') return;
  const folder = path.join(DATA, 'template');
  await prepareServers(binary, { folder, superuserUrl, processes: new Processes(folder, signal) });
}

function report(wish: Wish, { result, samples }: { result: Result; samples: Sample[] }): void {
  mkdirSync(path.dirname(wish.output), { recursive: true });
  writeFileSync(wish.output, `${JSON.stringify(result, null, 2)}\n`);
  say(wish.serverSettings ? settingsReport(result) : reportOf(result));
  if (wish.profile) {
    const measured = samples.map((sample) => sample.measured);
    say(summarise(wish.profile, measured));
  }
  say(`written to ${path.relative(process.cwd(), wish.output)}`);
}

// On Ctrl-C the terminal signals us, and npm, signalled too, passes it on: two that come this close are one.
const ONE_SIGNAL_MS = 1_000;

/** The first signal stops everything in order, the second at once. */
function stopOnSignals(): void {
  let firstAt: number | undefined;
  const stop = () => {
    firstAt ??= Date.now();
    stopping.abort(new Error('stopped'));
    if (Date.now() - firstAt > ONE_SIGNAL_MS) process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  process.on('exit', killEverything);
}

await runTool(main);
