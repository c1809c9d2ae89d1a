import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { type Cost, compare, numberFrom } from './compare.ts';
import { type StartedPlatform, benchFolder, startPlatform } from './platform.ts';
import { cpuSecondsOf } from './processes.ts';

// `node bench/studies/telemetry.ts [--orders N] [--rounds R]`: what logs, traces and metrics cost an order. One platform an
// arm, side by side; they take turns, and CPU is that of all processes of the one whose turn it is, its PostgreSQL and
// Temporal included. Prometheus figures are kept in every arm: counting a request takes a microsecond or two.
const AT_ONCE = 8;
const orders = numberFrom('--orders', 100);
const folder = benchFolder();

/** Takes what it is sent and forgets it. */
const collector = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

const ARMS: Record<string, NodeJS.ProcessEnv> = {
  'neither traces nor logs': { OTEL_SDK_DISABLED: 'true', LOG_LEVEL: 'error' },
  'as shipped: ids, no collector': {},
  'a collector, every order': { OTEL_EXPORTER_OTLP_ENDPOINT },
  'a collector, one order in ten': {
    OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
  },
};

const platforms: StartedPlatform[] = [];
try {
  const shops: [string, Shop][] = [];
  for (const [name, environment] of Object.entries(ARMS)) {
    const data = path.join(folder.path, String(shops.length));
    platforms.push(await startPlatform(data, { RATE_LIMIT_PER_MINUTE: '1000000', ...environment }));
    shops.push([name, await open(platforms.at(-1)!)]);
  }
  for (const [, shop] of shops) await measure(shop, Math.ceil(orders / 2));
  await compare(shops, numberFrom('--rounds', 5), (shop) => measure(shop, orders));
} finally {
  await Promise.all(platforms.map((platform) => platform.close()));
}
collector.close();
folder.remove();

interface Shop {
  platform: StartedPlatform;
  token: string;
}

async function open(platform: StartedPlatform): Promise<Shop> {
  const signIn = { email: `${randomUUID()}@example.com`, password: 'correct horse' };
  await ask(platform, '/v1/users', { ...signIn, name: 'Bench' });
  const { accessToken } = (await ask(platform, '/v1/sessions', signIn)) as { accessToken: string };
  return { platform, token: accessToken };
}

async function measure(shop: Shop, count: number): Promise<Cost> {
  let left = count;
  const one = async () => {
    while (left-- > 0) await place(shop);
  };
  const startedAt = performance.now();
  const before = cpuSecondsOf(shop.platform.pid);
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return {
    cpuMs: ((cpuSecondsOf(shop.platform.pid) - before) * 1_000) / count,
    ordersPerSecond: (count / (performance.now() - startedAt)) * 1_000,
  };
}

async function place({ platform, token }: Shop): Promise<void> {
  const shippingAddress = { name: 'Bench', line1: '1 High St', city: 'London', postalCode: 'N1 9GU', country: 'GB' };
  const body = { lines: [{ sku: 'TEA-ASSAM', quantity: 1 }], paymentMethod: 'pm_card_visa', shippingAddress };
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID(), prefer: 'wait=30' };
  const { status } = (await ask(platform, '/v1/orders', body, headers)) as { status: string };
  if (status !== 'confirmed') throw new Error(`an order was ${status}`);
}

async function ask(
  { apiUrl }: StartedPlatform,
  route: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await fetch(`${apiUrl}${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
  return response.json();
}
