import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { print } from '../../tools/command-line.ts';
import { forEach } from '../../tools/for-each.ts';
import { type CpuSeconds, cpuBetween, cpuSeconds } from '../cpu.ts';
import { median, quantile } from '../quantiles.ts';
import { SKU, VARIANTS, type Variant, type VariantName, startReadsStage } from './reads/stage.ts';
import { saveResult } from './save-result.ts';

// What does it cost to read an order or a product through gateway, service API and database?
//   npm run bench:reads [-- --profile FOLDER]
// Compares the platform with a plain Koa handler with one query in a process of its own, and with two such processes,
// one behind the other. All take turns; each ratio compares values of one round. Prints, as ratios to the plain handler:
// `alone`, the p50 of a single client that sends one request after the other; `together`, the time per request with
// sixteen clients; and the CPU of the processes involved, PostgreSQL included, minus what they use when idle. `--profile`
// writes CPU profiles of the platform's processes. BENCH_JSON names a file for the result.
const ROUNDS = 5;
const REQUESTS_ALONE = 300;
const REQUESTS_TOGETHER = 1_500;
// Until V8 has compiled everything: the platform is more code than a plain handler, and runs for weeks.
const WARM_UP_REQUESTS = 5_000;
const WARM_UP_ROUNDS = 4;
const CLIENTS = 16;
const IDLE_MS = 3_000;

const agent = new Agent({ connections: CLIENTS });
const [option, profileFolder] = process.argv.slice(2);
const profiling = option === '--profile' && profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : [];

/** Per request, in one round. */
interface Reading {
  aloneMs: number;
  aloneCpuMs: number;
  togetherMs: number;
  togetherCpuMs: number;
  cpuMsByProcess: Record<'alone' | 'together', CpuSeconds>;
}
type Round = Record<VariantName, Reading>;
const MEASURES = ['aloneMs', 'aloneCpuMs', 'togetherMs', 'togetherCpuMs'] as const;

const stage = await startReadsStage(profiling);
const results: object[] = [];
try {
  const idle = await idleCpuPerSecond(stage.variants.platform);
  for (const [what, path] of [
    ['order', `/orders/${stage.orderId}`],
    ['product', `/products/${SKU}`],
  ] as const) {
    await warmUp(path);
    const rounds: Round[] = [];
    for (let number = 0; number < ROUNDS; number++) {
      const turns = number % 2 === 0 ? VARIANTS : VARIANTS.toReversed();
      const round: Partial<Round> = {};
      for (const name of turns) {
        round[name] = await measure(stage.variants[name], path, name === 'platform' ? idle : {});
      }
      rounds.push(round as Round);
    }
    for (const name of VARIANTS) results.push(report(what, name, rounds));
  }
} finally {
  await agent.close();
  await stage.close();
}
saveResult(results);

async function warmUp(path: string): Promise<void> {
  for (const variant of Object.values(stage.variants)) {
    for (let sent = 0; sent < WARM_UP_REQUESTS; sent++) await get(variant, path);
    for (let times = 0; times < WARM_UP_ROUNDS; times++) await measure(variant, path, {});
  }
}

/** Sends one request; returns the milliseconds it took. */
async function get({ origin, prefix, headers }: Variant, path: string): Promise<number> {
  const startedAt = performance.now();
  const response = await agent.request({ origin, path: prefix + path, method: 'GET', headers });
  const text = await response.body.text();
  if (response.statusCode !== 200)
    throw new Error(`${origin}${prefix}${path} returned ${response.statusCode}: ${text}`);
  return performance.now() - startedAt;
}

async function measure(variant: Variant, path: string, idle: CpuSeconds): Promise<Reading> {
  const tookMs: number[] = [];
  const alone = await cpuOf(variant, idle, async () => {
    for (let sent = 0; sent < REQUESTS_ALONE; sent++) tookMs.push(await get(variant, path));
  });
  const together = await cpuOf(variant, idle, () =>
    forEach(Array(REQUESTS_TOGETHER).keys(), CLIENTS, async () => void (await get(variant, path))),
  );
  const msPerRequest = (seconds: number, requests: number) => (seconds * 1000) / requests;
  const byProcess = (cpu: CpuSeconds, requests: number) => mapped(cpu, (seconds) => msPerRequest(seconds, requests));
  return {
    aloneMs: quantile(tookMs, 0.5),
    aloneCpuMs: msPerRequest(sum(alone.cpu), REQUESTS_ALONE),
    togetherMs: msPerRequest(together.seconds, REQUESTS_TOGETHER),
    togetherCpuMs: msPerRequest(sum(together.cpu), REQUESTS_TOGETHER),
    cpuMsByProcess: {
      alone: byProcess(alone.cpu, REQUESTS_ALONE),
      together: byProcess(together.cpu, REQUESTS_TOGETHER),
    },
  };
}

/** The CPU that the variant's processes used during `work`, minus what they use when idle. */
async function cpuOf({ pids }: Variant, idle: CpuSeconds, work: () => Promise<unknown>) {
  const [before, startedAt] = [cpuSeconds(pids), performance.now()];
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const used = cpuBetween(before, cpuSeconds(pids));
  return { cpu: mapped(used, (value, name) => value - (idle[name] ?? 0) * seconds), seconds };
}

async function idleCpuPerSecond({ pids }: Variant): Promise<CpuSeconds> {
  const before = cpuSeconds(pids);
  await sleep(IDLE_MS);
  return mapped(cpuBetween(before, cpuSeconds(pids)), (seconds) => seconds / (IDLE_MS / 1000));
}

/** Prints and returns a variant's medians, and their ratios to the plain handler. */
function report(what: string, name: VariantName, rounds: readonly Round[]): object {
  const ratios = MEASURES.map((measure) => median(rounds.map((round) => round[name][measure] / round.plain[measure])));
  const values = MEASURES.map((measure) => median(rounds.map((round) => round[name][measure])));
  const columns = MEASURES.map((measure, at) => `${measure} ${ratios[at]!.toFixed(2)}× (${values[at]!.toFixed(3)})`);
  print(`${what}, ${name.padEnd(9)} ${columns.join('  ')}`);
  const cpuMs = { alone: medianCpu(rounds, name, 'alone'), together: medianCpu(rounds, name, 'together') };
  for (const [load, cpu] of Object.entries(cpuMs)) {
    const processes = Object.entries(cpu).map(([process, ms]) => `${process} ${ms.toFixed(2)}`);
    print(`    ${load}: ${processes.join(', ')}`);
  }
  return { what, name, ratios, values, cpuMs };
}

/** Milliseconds of CPU per request, by process. */
function medianCpu(rounds: readonly Round[], name: VariantName, load: 'alone' | 'together'): CpuSeconds {
  return mapped(rounds[0]![name].cpuMsByProcess[load], (_, process) =>
    median(rounds.map((round) => round[name].cpuMsByProcess[load][process]!)),
  );
}

function sum(cpu: CpuSeconds): number {
  return Object.values(cpu).reduce((total, one) => total + one, 0);
}

function mapped(cpu: CpuSeconds, change: (value: number, name: string) => number): CpuSeconds {
  return Object.fromEntries(Object.entries(cpu).map(([name, value]) => [name, change(value, name)]));
}
