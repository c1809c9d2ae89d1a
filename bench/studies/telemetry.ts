import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { forEach } from '../../tools/for-each.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { postJson } from '../post-json.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { type WholePlatform, startWholePlatform } from '../whole-platform.ts';
import { type Cost, compare } from './compare.ts';
import { studyOptions } from './options.ts';

// What do logs and traces cost per order?
//   node bench/studies/telemetry.ts [--orders N] [--rounds R]
// Runs one platform per variant side by side and places orders at one after the other. Prints CPU per order and orders
// per second of each, as ratios to a platform without logs and traces. The CPU is that of all processes of the platform,
// PostgreSQL and Temporal included. Metrics are on in every variant: counting a request takes a microsecond or two.
const CONCURRENCY = 8;
const { orders, rounds } = studyOptions({ orders: 100, rounds: 5 });
const folder = scratchFolder();

/** A collector that discards what it receives. */
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

interface Shop {
  platform: WholePlatform;
  accessToken: string;
}

const platforms: WholePlatform[] = [];
try {
  const shops: [string, Shop][] = [];
  for (const [name, environment] of Object.entries(ARMS)) {
    const dataFolder = path.join(folder.path, String(shops.length));
    const platform = await startWholePlatform(dataFolder, { RATE_LIMIT_PER_MINUTE: '1000000', ...environment });
    platforms.push(platform);
    shops.push([name, { platform, accessToken: await signUp(platform) }]);
  }
  for (const [, shop] of shops) await measure(shop, Math.ceil(orders / 2));
  await compare(shops, rounds, (shop) => measure(shop, orders));
} finally {
  await Promise.all(platforms.map((platform) => platform.stop()));
}
collector.close();
folder.remove();

async function signUp({ apiUrl }: WholePlatform): Promise<string> {
  const credentials = { email: `${randomUUID()}@example.com`, password: 'correct horse' };
  await postJson(`${apiUrl}/v1/users`, { ...credentials, name: 'Bench' });
  return (await postJson<{ accessToken: string }>(`${apiUrl}/v1/sessions`, credentials)).accessToken;
}

async function measure(shop: Shop, count: number): Promise<Cost> {
  const startedAt = performance.now();
  const before = cpuSecondsOf(shop.platform.pid);
  await forEach(Array(count).keys(), CONCURRENCY, () => place(shop));
  return {
    cpuMs: ((cpuSecondsOf(shop.platform.pid) - before) * 1_000) / count,
    ordersPerSecond: (count / (performance.now() - startedAt)) * 1_000,
  };
}

async function place({ platform, accessToken }: Shop): Promise<void> {
  const shippingAddress = { name: 'Bench', line1: '1 High St', city: 'London', postalCode: 'N1 9GU', country: 'GB' };
  const { status } = await postJson<{ status: string }>(
    `${platform.apiUrl}/v1/orders`,
    { lines: [{ sku: 'TEA-ASSAM', quantity: 1 }], paymentMethod: 'pm_card_visa', shippingAddress },
    { authorization: `Bearer ${accessToken}`, 'idempotency-key': randomUUID(), prefer: 'wait=30' },
  );
  if (status !== 'confirmed') throw new Error(`an order has status ${status} instead of confirmed`);
}
