import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { median, quantile, say } from './quantiles.ts';
import { type CpuSeconds, cpuSeconds, spent } from '../race/cpu.ts';
import { SKU, type Side, readsStage } from './reads-stage.ts';

// node bench/studies/reads.ts [--profile FOLDER]: what reading an order or a product costs through gateway, service door and
// database, against a plain Koa handler with one query in a process of its own, and against two such processes one
// behind the other. All take turns, so that they meet the same machine; each ratio compares figures of one round.
// `alone` is the p50 of one client that asks again and again; `together` what a request takes where sixteen ask; CPU is
// that of the processes that answer, PostgreSQL included, less what they use when nobody asks.
const ROUNDS = 5;
const ASKED_ALONE = 300;
const ASKED_TOGETHER = 1_500;
// Until V8 has compiled what it will: ours is more code than a plain handler, and runs for weeks.
const WARM_UP = 5_000;
const CLIENTS = 16;
const IDLE_MS = 3_000;

const agent = new Agent({ connections: CLIENTS });
const [option, profileFolder] = process.argv.slice(2);
const profiling = option === '--profile' && profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : [];

interface Figures {
  aloneMs: number;
  aloneCpuMs: number;
  togetherMs: number;
  togetherCpuMs: number;
  /** By process. */
  cpuMs: Record<'alone' | 'together', CpuSeconds>;
}

async function ask({ origin, headers }: Side, path: string): Promise<number> {
  const started = performance.now();
  const response = await agent.request({ origin, path, method: 'GET', headers });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} for ${origin}${path}: ${text}`);
  return performance.now() - started;
}

async function round(side: Side, path: string, idle: CpuSeconds): Promise<Figures> {
  const tookMs: number[] = [];
  const alone = await cpuOf(side, idle, async () => {
    for (let asked = 0; asked < ASKED_ALONE; asked++) tookMs.push(await ask(side, path));
  });
  let left = ASKED_TOGETHER;
  const client = async () => {
    while (left-- > 0) await ask(side, path);
  };
  const together = await cpuOf(side, idle, () => Promise.all(Array.from({ length: CLIENTS }, client)));
  const each = (seconds: number, asked: number) => (seconds * 1000) / asked;
  const byProcess = (cpu: CpuSeconds, asked: number) => mapped(cpu, (seconds) => each(seconds, asked));
  return {
    aloneMs: quantile(tookMs, 0.5),
    aloneCpuMs: each(sum(alone.cpu), ASKED_ALONE),
    togetherMs: each(together.seconds, ASKED_TOGETHER),
    togetherCpuMs: each(sum(together.cpu), ASKED_TOGETHER),
    cpuMs: {
      alone: byProcess(alone.cpu, ASKED_ALONE),
      together: byProcess(together.cpu, ASKED_TOGETHER),
    },
  };
}

/** What the side's processes used for `work`, above the seconds a second they use anyway. */
async function cpuOf({ pids }: Side, idle: CpuSeconds, work: () => Promise<unknown>) {
  const [before, started] = [cpuSeconds(pids), performance.now()];
  await work();
  const seconds = (performance.now() - started) / 1000;
  const cpu = mapped(spent(before, cpuSeconds(pids)), (used, name) => used - (idle[name] ?? 0) * seconds);
  return { cpu, seconds };
}

const sum = (cpu: CpuSeconds): number => Object.values(cpu).reduce((total, one) => total + one, 0);
const mapped = (cpu: CpuSeconds, change: (value: number, name: string) => number): CpuSeconds =>
  Object.fromEntries(Object.entries(cpu).map(([name, value]) => [name, change(value, name)]));

const NAMES = ['ours', 'two', 'plain'] as const;
type Name = (typeof NAMES)[number];
type Round = Record<Name, Figures>;
const MEASURES = ['aloneMs', 'aloneCpuMs', 'togetherMs', 'togetherCpuMs'] as const;

const stage = await readsStage(profiling);
const results: object[] = [];
try {
  const idle = await idleOf(stage.sides.ours);
  for (const [what, path] of [
    ['order', `/orders/${stage.orderId}`],
    ['product', `/products/${SKU}`],
  ] as const) {
    const rounds: Round[] = [];
    for (const side of Object.values(stage.sides)) {
      for (let asked = 0; asked < WARM_UP; asked++) await ask(side, side.prefix + path);
      for (let times = 0; times < 4; times++) await round(side, side.prefix + path, {});
    }
    for (let number = 0; number < ROUNDS; number++) {
      const turn = number % 2 === 0 ? NAMES : NAMES.toReversed();
      const figures: Partial<Round> = {};
      for (const name of turn) {
        const side = stage.sides[name];
        figures[name] = await round(side, side.prefix + path, name === 'ours' ? idle : {});
      }
      rounds.push(figures as Round);
    }
    for (const name of NAMES) {
      const ratios = MEASURES.map((measure) => median(rounds.map((one) => one[name][measure] / one.plain[measure])));
      const values = MEASURES.map((measure) => median(rounds.map((one) => one[name][measure])));
      say(
        `${what}, ${name.padEnd(5)} ` +
          MEASURES.map((of, at) => `${of} ${ratios[at]!.toFixed(2)}× (${values[at]!.toFixed(3)})`).join('  '),
      );
      const cpuMs = { alone: typical(rounds, name, 'alone'), together: typical(rounds, name, 'together') };
      for (const [how, cpu] of Object.entries(cpuMs)) {
        say(
          `    ${how}: ${Object.entries(cpu)
            .map(([of, ms]) => `${of} ${ms.toFixed(2)}`)
            .join(', ')}`,
        );
      }
      results.push({ what, name, ratios, values, cpuMs });
    }
  }
} finally {
  await agent.close();
  await stage.close();
}

/** Milliseconds of CPU a request, by process. */
function typical(rounds: readonly Round[], name: Name, how: 'alone' | 'together'): CpuSeconds {
  return mapped(rounds[0]![name].cpuMs[how], (_, of) => median(rounds.map((one) => one[name].cpuMs[how][of]!)));
}

const json = process.env.BENCH_JSON;
if (json) writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);

async function idleOf({ pids }: Side): Promise<CpuSeconds> {
  const before = cpuSeconds(pids);
  await sleep(IDLE_MS);
  return mapped(spent(before, cpuSeconds(pids)), (seconds) => seconds / (IDLE_MS / 1000));
}
