import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Moves, Story } from '../../activities/order-history.ts';
import { type Order, orderRequests } from '../../activities/order.ts';
import { SigningKey, createTokens } from '../../gateway/auth/tokens.ts';
import { DATABASES } from '../../services/registry.ts';
import { createServiceApi } from '../../platform/http/service-api.ts';
import { listen } from '../../platform/http/server.ts';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { takePorts } from '../../platform/ports.ts';
import { startPostgres } from '../../local/postgres.ts';
import { GATEWAY_MEMORY, GATEWAY_PROGRAM } from '../../gateway/program.ts';
import { databaseUrl } from '../../local/processes.ts';
import { provision } from '../../platform/database/provision.ts';

// node bench/studies/streams.ts: what a thousand idle streams of orders cost one gateway, a process of its own as in production,
// in memory and in CPU. The order service behind it is a door with one order in it that never moves.
const STREAMS = 1_000;
// Of one caller no more than 20 are let in.
const CALLERS = 50;
// More than one heartbeat.
const IDLE_MS = 40_000;

const TOKEN = 'a service token of more than thirty-two characters';
const customerId = randomUUID();
const order = { id: randomUUID(), customerId, status: 'confirmed' } as Order;
const money = { amountMinor: 100, currency: 'GBP' };
const known: Order = {
  ...order,
  paymentStatus: 'authorized',
  fulfillmentStatus: 'booked',
  lines: [{ sku: 'TEA', name: 'Tea', quantity: 1, unitPrice: money }],
  total: money,
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'SW1', country: 'GB' },
  rejection: null,
  trackingNumber: null,
  returnableUntil: null,
  version: 1,
  createdAt: new Date().toISOString(),
  updatedAt: new Date().toISOString(),
};
const story: Story = {
  items: [{ position: 1, at: known.createdAt, step: 'record', outcome: 'succeeded' }],
  more: false,
  ended: false,
};

const folder = mkdtempSync(path.join(tmpdir(), 'streams-'));
chmodSync(folder, 0o711);
const postgres = await startPostgres({ folder: path.join(folder, 'postgres'), port: 0 });
const gatewayUrl = databaseUrl(postgres.url, 'gateway', 'a password');
await provision(DATABASES.gateway, postgres.url, gatewayUrl);
const door = await listen(
  createServiceApi({
    requests: {
      operations: {
        getOrders: orderRequests.getOrders,
        followMoves: orderRequests.followMoves,
        followStory: orderRequests.followStory,
      },
      implementation: {
        getOrders: async () => ({ items: [known] }),
        followStory: async ({ after }: { after: number }) => (after < 1 ? story : { ...story, items: [] }),
        followMoves: async ({ patienceMs, after }: { patienceMs: number; after: number | null }): Promise<Moves> => {
          await sleep(after === null ? 0 : patienceMs);
          return { orderIds: [], next: 1, restarted: after === null };
        },
      },
    },
    ready: async () => undefined,
    token: TOKEN,
    logger: createLogger('door', 'error'),
    metrics: createMetrics('door'),
  }),
  { port: 0, setting: 'ORDER_PORT' },
);
const key = SigningKey.parse({
  ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
  kid: 'bench',
});
const { PORT, METRICS_PORT } = await takePorts({ PORT: 0, METRICS_PORT: 0 });
const startGateway = () =>
  spawn(process.execPath, ['--import', './platform/telemetry/tracing.ts', ...GATEWAY_PROGRAM], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      ...GATEWAY_MEMORY,
      NODE_COMPILE_CACHE: path.join(folder, 'compiled'),
      PORT: String(PORT),
      METRICS_PORT: String(METRICS_PORT),
      GATEWAY_DATABASE_URL: gatewayUrl,
      SERVICE_TOKEN: TOKEN,
      ORDER_URL: door.url,
      JWT_PRIVATE_KEY: JSON.stringify(key),
      CARRIER_CALLBACK_SECRET: TOKEN,
      RATE_LIMIT_PER_MINUTE: '1000000',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });

let gateway = startGateway();
try {
  await answering();
  // As the image has it, and `npm start` from the second start on: what Node compiles, and takes types out of, is kept
  // when a process ends in good order. The compiler of types alone would be 20 MB.
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  gateway = startGateway();
  await answering();
  const before = usageOf(gateway);
  const tokens = await createTokens({
    key,
    issuer: 'order-platform',
    audience: 'order-platform',
    lifetimeSeconds: 900,
  });
  let heartbeats = 0;
  for (let caller = 0; caller < CALLERS; caller += 1) {
    const { accessToken } = await tokens.issue({ id: randomUUID(), role: 'admin' });
    const opening = Array.from({ length: STREAMS / CALLERS }, () => open(accessToken, () => (heartbeats += 1)));
    await Promise.all(opening);
  }
  const opened = usageOf(gateway);
  await sleep(IDLE_MS);
  const idle = usageOf(gateway);
  const figures = {
    streams: STREAMS,
    heartbeats,
    rssBeforeMib: before.rssMib,
    rssOpenedMib: opened.rssMib,
    rssIdleMib: idle.rssMib,
    kibibytesAStream: Math.round(((idle.rssMib - before.rssMib) * 1024) / STREAMS),
    idleCpuPercent: Math.round(((idle.cpuSeconds - opened.cpuSeconds) / (IDLE_MS / 1000)) * 1000) / 10,
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
} finally {
  gateway.kill('SIGKILL');
  await door.close();
  await postgres.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

async function answering(): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    const ready = await fetch(`http://127.0.0.1:${PORT}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return;
    await sleep(100);
  }
  throw new Error('the gateway does not answer');
}

/** Resolves when the first step has come. */
function open(accessToken: string, onHeartbeat: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const request = get(`http://127.0.0.1:${PORT}/v1/orders/${order.id}/events`, { headers, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered with ${response.statusCode}`));
      response.on('data', (chunk: Buffer) => {
        if (chunk.includes('event: step')) resolve();
        if (chunk.includes(': still here')) onHeartbeat();
      });
    });
  });
}

function usageOf({ pid }: ChildProcess): { rssMib: number; cpuSeconds: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const rssKib = Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]);
  return { rssMib: Math.round(rssKib / 1024), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100 };
}
