import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { quantile, say } from './quantiles.ts';
import { type WholePlatform, post, startWholePlatform } from './whole-platform.ts';

// node bench/studies/overload.ts [seconds]: what becomes of three times as many orders as the platform can carry out. Finds out
// how many those are, sends three times that for two minutes however they are answered, and then looks whether every
// order that was acknowledged has been decided and every ledger agrees.
const SECONDS = Number(process.argv[2] ?? 120);
const TIMES = 3;
const WARM_UP_SECONDS = 10;
const SATURATE_SECONDS = 20;
const CLIENTS = 32;
const SETTLE_SECONDS = 5;
const GONE_WITHIN_SECONDS = 300;
const ALLOWED = new Set([201, 202, 429, 503]);

const agent = new Agent({ connections: 256, headersTimeout: 60_000 });
const SKU = 'OVERLOAD-1';
const body = JSON.stringify({
  lines: [{ sku: SKU, quantity: 1 }],
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '12 High Street', city: 'London', postalCode: 'N1 9GU', country: 'GB' },
});

interface Answer {
  status: number;
  ms: number;
  orderId?: string;
  retryAfterSeconds?: number;
}

interface KnownOrder {
  id: string;
  status: string;
  createdAt: string;
  updatedAt: string;
}

class Shop {
  readonly #platform: WholePlatform;

  constructor(platform: WholePlatform) {
    this.#platform = platform;
  }

  async stock(): Promise<void> {
    const { api, adminToken } = this.#platform;
    const headers = { authorization: `Bearer ${adminToken}` };
    const price = { amountMinor: 255, currency: 'GBP' };
    await post(`${api}/v1/products`, { sku: SKU, name: 'A thing to sell', price }, headers);
    const path = `${api}/v1/products/${SKU}/stock-adjustments`;
    const delivery = { delta: 1_000_000, reason: 'delivered' };
    await post(path, delivery, { ...headers, 'idempotency-key': randomUUID() });
  }

  async place(waitSeconds?: number): Promise<Answer> {
    const { api, adminToken } = this.#platform;
    const started = performance.now();
    const response = await agent.request({
      origin: api,
      path: '/v1/orders',
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${adminToken}`,
        'idempotency-key': randomUUID(),
        ...(waitSeconds && { prefer: `wait=${waitSeconds}` }),
      },
    });
    const { id } = (await response.body.json()) as { id?: string };
    const retryAfter = response.headers['retry-after'];
    return {
      status: response.statusCode,
      ms: performance.now() - started,
      ...(id && { orderId: id }),
      ...(retryAfter && { retryAfterSeconds: Number(retryAfter) }),
    };
  }

  /** Every order that is known, or those of one status, page by page. */
  async *orders(status = ''): AsyncGenerator<KnownOrder> {
    const { api, adminToken } = this.#platform;
    let next: string | null = `/v1/orders?limit=100${status && `&status=${status}`}`;
    while (next) {
      const headers = { authorization: `Bearer ${adminToken}` };
      const response = await agent.request({ origin: api, path: next, method: 'GET', headers });
      const page = (await response.body.json()) as { items: KnownOrder[]; next: string | null };
      yield* page.items;
      ({ next } = page);
    }
  }
}

/** Orders decided a second by clients that each wait for theirs before they place the next. */
async function saturation(shop: Shop, seconds: number): Promise<number> {
  const started = performance.now();
  let decided = 0;
  const client = async () => {
    while (performance.now() - started < seconds * 1000) {
      const { status } = await shop.place(20);
      if (status === 201) decided += 1;
      // What a client does that is told to come again later; for its part of the measure a moment is enough.
      if (status === 503) await sleep(200);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (decided * 1000) / (performance.now() - started);
}

/** Sends at this rate whatever is answered: customers do not know of each other. */
async function flood(shop: Shop, perSecond: number): Promise<{ answers: Answer[]; broken: number }> {
  const answers: Answer[] = [];
  const pending = new Set<Promise<unknown>>();
  let broken = 0;
  const started = performance.now();
  for (let sent = 0; sent < perSecond * SECONDS; sent++) {
    const due = started + (sent * 1000) / perSecond;
    if (due > performance.now()) await sleep(due - performance.now());
    const one: Promise<unknown> = shop
      .place()
      .then((answer) => answers.push(answer))
      .catch(() => (broken += 1))
      .finally(() => pending.delete(one));
    pending.add(one);
  }
  await Promise.all(pending);
  return { answers, broken };
}

/** Milliseconds that each took from placed to decided, once all are or five minutes are over; the rest is left out. */
async function untilDecided(shop: Shop, acknowledged: Set<string>): Promise<{ tookMs: number[]; seconds: number }> {
  const started = performance.now();
  for (;;) {
    const tookMs: number[] = [];
    // A draft that no worker has begun is in no list: it is each order's own that counts.
    for await (const { id, status, createdAt, updatedAt } of shop.orders()) {
      if (status !== 'pending' && acknowledged.has(id)) tookMs.push(Date.parse(updatedAt) - Date.parse(createdAt));
    }
    const seconds = (performance.now() - started) / 1000;
    if (tookMs.length === acknowledged.size || seconds > GONE_WITHIN_SECONDS) return { tookMs, seconds };
    await sleep(1_000);
  }
}

const platform = await startWholePlatform();
let failed = true;
try {
  const shop = new Shop(platform);
  await shop.stock();
  await saturation(shop, WARM_UP_SECONDS);
  const saturated = await saturation(shop, SATURATE_SECONDS);
  await sleep(SETTLE_SECONDS * 1000);
  say(`saturated at ${saturated.toFixed(1)} orders a second; now ${TIMES} times that for ${SECONDS} s`);

  const { answers, broken } = await flood(shop, Math.max(1, Math.round(saturated * TIMES)));
  const acknowledged = new Set(answers.flatMap(({ status, orderId }) => (status < 300 && orderId ? [orderId] : [])));
  const { tookMs, seconds: goneAfterSeconds } = await untilDecided(shop, acknowledged);
  const reconciled = await platform.tool('tools/reconcile.ts');

  const statuses = [...Map.groupBy(answers, ({ status }) => status)].toSorted(([one], [other]) => one - other);
  say('\n| Answer | Orders | Share | p50 ms | p99 ms | Retry-After |\n|---|---|---|---|---|---|');
  const table = statuses.map(([status, group]) => {
    const [ms, told] = [group.map(({ ms }) => ms), group.flatMap(({ retryAfterSeconds }) => retryAfterSeconds ?? [])];
    const row = { status, orders: group.length, p50Ms: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99) };
    const range = told.length > 0 ? `${quantile(told, 0)}–${quantile(told, 1)} s` : '';
    const share = ((100 * group.length) / answers.length).toFixed(1);
    say(`| ${status} | ${row.orders} | ${share} % | ${row.p50Ms.toFixed(0)} | ${row.p99Ms.toFixed(0)} | ${range} |`);
    return row;
  });
  const decidedPerSecond = tookMs.length / SECONDS;
  const checks = {
    'every answer is 2xx, 429 or 503': broken === 0 && statuses.every(([status]) => ALLOWED.has(status)),
    'every acknowledged order is decided': tookMs.length === acknowledged.size,
    'the backlog is gone within five minutes': goneAfterSeconds <= GONE_WITHIN_SECONDS,
    'reconcile finds nothing': reconciled.code === 0,
  };
  say(
    `\naccepted a second: ${(decidedPerSecond / saturated).toFixed(2)} × saturation (${decidedPerSecond.toFixed(1)})\n` +
      `placed to decided: p50 ${(quantile(tookMs, 0.5) / 1000).toFixed(1)} s, p99 ${(quantile(tookMs, 0.99) / 1000).toFixed(1)} s\n` +
      `backlog gone after ${goneAfterSeconds.toFixed(1)} s; connections broken: ${broken}\n${reconciled.said}`,
  );
  for (const [check, holds] of Object.entries(checks)) say(`${holds ? 'yes' : 'NO '} ${check}`);
  failed = Object.values(checks).includes(false);
  const json = process.env.BENCH_JSON;
  const result = { saturated, seconds: SECONDS, table, goneAfterSeconds, broken, decidedPerSecond, checks };
  if (json) writeFileSync(json, `${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await agent.close();
  await platform.stop();
}
process.exitCode = failed ? 1 : 0;
