import { setTimeout as sleep } from 'node:timers/promises';
import { print } from '../../tools/command-line.ts';
import { quantile } from '../quantiles.ts';
import { type Placed, openShop } from './overload/shop.ts';
import { saveResult } from './save-result.ts';

// What happens when three times as many orders arrive as the platform can process?
//   npm run bench:overload [-- SECONDS]
// Runs the whole platform, measures its throughput at saturation, sends three times that rate for two minutes whatever
// the responses are, and then checks that every accepted order was decided and that all ledgers agree. Prints the
// responses by status, the throughput and each check; exits with 1 if a check fails. BENCH_JSON names a file for the
// result.
const SECONDS = Number(process.argv[2] ?? 120);
const OVERLOAD_FACTOR = 3;
const WARM_UP_SECONDS = 10;
const SATURATE_SECONDS = 20;
const CLIENTS = 32;
const SETTLE_SECONDS = 5;
const BACKLOG_TIMEOUT_SECONDS = 300;
const ALLOWED_STATUSES = new Set([201, 202, 429, 503]);

interface Outcome {
  saturated: number;
  responses: Placed[];
  broken: number;
  accepted: number;
  tookMs: number[];
  backlogSeconds: number;
  reconciled: { code: number | null; output: string };
}

const shop = await openShop();
let passed = false;
try {
  passed = report(await overload());
} finally {
  await shop.close();
}
process.exitCode = passed ? 0 : 1;

async function overload(): Promise<Outcome> {
  await saturate(WARM_UP_SECONDS);
  const saturated = await saturate(SATURATE_SECONDS);
  await sleep(SETTLE_SECONDS * 1000);
  print(`saturated at ${saturated.toFixed(1)} orders/s; now ${OVERLOAD_FACTOR} times that for ${SECONDS} s`);
  const { responses, broken } = await flood(Math.max(1, Math.round(saturated * OVERLOAD_FACTOR)));
  const accepted = new Set(responses.flatMap(({ status, orderId }) => (status < 300 && orderId ? [orderId] : [])));
  const { tookMs, backlogSeconds } = await untilDecided(accepted);
  const reconciled = await shop.reconcile();
  return { saturated, responses, broken, accepted: accepted.size, tookMs, backlogSeconds, reconciled };
}

/** Orders decided per second when each client waits for its order before it places the next. */
async function saturate(seconds: number): Promise<number> {
  const startedAt = performance.now();
  let decided = 0;
  const client = async () => {
    while (performance.now() - startedAt < seconds * 1000) {
      const { status } = await shop.place(20);
      if (status === 201) decided += 1;
      // A real client would wait for `Retry-After`; for a short measurement a moment is enough.
      if (status === 503) await sleep(200);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (decided * 1000) / (performance.now() - startedAt);
}

/** Sends at a fixed rate, whatever the responses are: real customers are independent of each other. */
async function flood(perSecond: number): Promise<{ responses: Placed[]; broken: number }> {
  const responses: Placed[] = [];
  const pending = new Set<Promise<unknown>>();
  let broken = 0;
  const startedAt = performance.now();
  for (let sent = 0; sent < perSecond * SECONDS; sent++) {
    const dueAt = startedAt + (sent * 1000) / perSecond;
    if (dueAt > performance.now()) await sleep(dueAt - performance.now());
    const request: Promise<unknown> = shop
      .place()
      .then((response) => responses.push(response))
      .catch(() => (broken += 1))
      .finally(() => pending.delete(request));
    pending.add(request);
  }
  await Promise.all(pending);
  return { responses, broken };
}

/** Waits until all accepted orders are decided, for at most five minutes. Returns how long each decided one took. */
async function untilDecided(accepted: Set<string>): Promise<{ tookMs: number[]; backlogSeconds: number }> {
  const startedAt = performance.now();
  for (;;) {
    const tookMs: number[] = [];
    // A draft that no workflow has started yet is not in the list, so only listed orders are counted.
    for await (const { id, status, createdAt, updatedAt } of shop.orders()) {
      if (status !== 'pending' && accepted.has(id)) tookMs.push(Date.parse(updatedAt) - Date.parse(createdAt));
    }
    const backlogSeconds = (performance.now() - startedAt) / 1000;
    if (tookMs.length === accepted.size || backlogSeconds > BACKLOG_TIMEOUT_SECONDS) return { tookMs, backlogSeconds };
    await sleep(1_000);
  }
}

/** Prints the outcome; returns whether every check passed. */
function report({ saturated, responses, broken, accepted, tookMs, backlogSeconds, reconciled }: Outcome): boolean {
  const table = statusTable(responses);
  const decidedPerSecond = tookMs.length / SECONDS;
  const checks = {
    'every response is 2xx, 429 or 503': broken === 0 && table.every(({ status }) => ALLOWED_STATUSES.has(status)),
    'every accepted order is decided': tookMs.length === accepted,
    'the backlog is gone within five minutes': backlogSeconds <= BACKLOG_TIMEOUT_SECONDS,
    'reconcile finds nothing': reconciled.code === 0,
  };
  const seconds = (share: number) => (quantile(tookMs, share) / 1000).toFixed(1);
  print(
    `\naccepted per second: ${(decidedPerSecond / saturated).toFixed(2)} × saturation (${decidedPerSecond.toFixed(1)})\n` +
      `placed to decided: p50 ${seconds(0.5)} s, p99 ${seconds(0.99)} s\n` +
      `backlog gone after ${backlogSeconds.toFixed(1)} s; broken connections: ${broken}\n${reconciled.output}`,
  );
  for (const [check, holds] of Object.entries(checks)) print(`${holds ? 'yes' : 'NO '} ${check}`);
  saveResult({ saturated, seconds: SECONDS, table, backlogSeconds, broken, decidedPerSecond, checks });
  return !Object.values(checks).includes(false);
}

function statusTable(responses: readonly Placed[]) {
  print('\n| Status | Orders | Share | p50 ms | p99 ms | Retry-After |\n|---|---|---|---|---|---|');
  const groups = [...Map.groupBy(responses, ({ status }) => status)].toSorted(([one], [other]) => one - other);
  return groups.map(([status, group]) => {
    const tookMs = group.map(({ ms }) => ms);
    const retryAfter = group.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? []);
    const row = { status, orders: group.length, p50Ms: quantile(tookMs, 0.5), p99Ms: quantile(tookMs, 0.99) };
    const range = retryAfter.length > 0 ? `${quantile(retryAfter, 0)}–${quantile(retryAfter, 1)} s` : '';
    const share = ((100 * group.length) / responses.length).toFixed(1);
    print(`| ${status} | ${row.orders} | ${share} % | ${row.p50Ms.toFixed(0)} | ${row.p99Ms.toFixed(0)} | ${range} |`);
    return row;
  });
}
