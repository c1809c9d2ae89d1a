import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GATEWAY_MEMORY, GATEWAY_PROGRAM } from '../../gateway/program.ts';
import { startPostgres } from '../../local/postgres.ts';
import { databaseUrl } from '../../local/processes.ts';
import { provision } from '../../platform/database/provision.ts';
import { takePorts } from '../../platform/ports.ts';
import { DATABASES } from '../../services/registry.ts';
import { print } from '../../tools/command-line.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { residentMemory } from '../memory.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { waitUntilOk } from '../wait-until-ok.ts';
import { createAccessTokens } from './access-tokens.ts';
import { ORDER, startOrderService } from './streams/order-service.ts';

// How much memory and CPU do a thousand idle order streams cost one gateway?
//   node bench/studies/streams.ts
// Runs the gateway in a process of its own, as in production, with an order service that has one order which never
// changes. Prints the gateway's memory before, just after the streams were opened and when idle, and its CPU when idle.
const STREAMS = 1_000;
// A caller may have 20 streams.
const CALLERS = 50;
// Longer than the interval between two heartbeats.
const IDLE_MS = 40_000;
const SERVICE_TOKEN = 'a service token of more than thirty-two characters';

const folder = scratchFolder();
const postgres = await startPostgres({ folder: path.join(folder.path, 'postgres'), port: 0 });
const orderService = await startOrderService(SERVICE_TOKEN);
const tokens = await createAccessTokens();
const ports = await takePorts({ PORT: 0, METRICS_PORT: 0 });
const gatewayUrl = `http://127.0.0.1:${ports.PORT}`;
const GATEWAY_DATABASE_URL = databaseUrl(postgres.url, 'gateway', 'a password');
await provision(DATABASES.gateway, postgres.url, GATEWAY_DATABASE_URL);

let gateway: ChildProcess | undefined;
try {
  gateway = await startGateway();
  // As in the image, and with `npm start` from the second start on: Node keeps compiled code and stripped types on disk
  // when a process ends in good order. Stripping types alone would take 20 MB.
  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  gateway = await startGateway();
  print(JSON.stringify(await measure(gateway.pid!), null, 2));
} finally {
  gateway?.kill('SIGKILL');
  await orderService.close();
  await postgres.close();
  folder.remove();
}
process.exit(0);

async function startGateway(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', './platform/telemetry/tracing.ts', ...GATEWAY_PROGRAM], {
    cwd: path.join(import.meta.dirname, '../..'),
    env: {
      PATH: process.env.PATH,
      ...GATEWAY_MEMORY,
      NODE_COMPILE_CACHE: path.join(folder.path, 'compiled'),
      PORT: String(ports.PORT),
      METRICS_PORT: String(ports.METRICS_PORT),
      GATEWAY_DATABASE_URL,
      SERVICE_TOKEN,
      ORDER_URL: orderService.url,
      JWT_PRIVATE_KEY: tokens.privateKey,
      CARRIER_CALLBACK_SECRET: SERVICE_TOKEN,
      RATE_LIMIT_PER_MINUTE: '1000000',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await waitUntilOk(`${gatewayUrl}/readyz`);
  return child;
}

async function measure(pid: number) {
  const rssMib = () => Math.round(residentMemory(pid).nowMib);
  const rssBeforeMib = rssMib();
  let heartbeats = 0;
  for (let caller = 0; caller < CALLERS; caller += 1) {
    const accessToken = await tokens.issue();
    const streams = Array.from({ length: STREAMS / CALLERS }, () => openStream(accessToken, () => (heartbeats += 1)));
    await Promise.all(streams);
  }
  const rssOpenedMib = rssMib();
  const cpuBefore = cpuSecondsOf(pid);
  await sleep(IDLE_MS);
  const rssIdleMib = rssMib();
  const idleCpuShare = (cpuSecondsOf(pid) - cpuBefore) / (IDLE_MS / 1000);
  return {
    streams: STREAMS,
    heartbeats,
    rssBeforeMib,
    rssOpenedMib,
    rssIdleMib,
    kibibytesPerStream: Math.round(((rssIdleMib - rssBeforeMib) * 1024) / STREAMS),
    idleCpuPercent: Math.round(idleCpuShare * 1000) / 10,
  };
}

/** Resolves when the first step has arrived. */
function openStream(accessToken: string, onHeartbeat: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const request = get(`${gatewayUrl}/v1/orders/${ORDER.id}/events`, { headers, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      if (response.statusCode !== 200) reject(new Error(`the stream returned ${response.statusCode}`));
      response.on('data', (chunk: Buffer) => {
        if (chunk.includes('event: step')) resolve();
        // A heartbeat is a comment.
        if (/^:/m.test(chunk.toString())) onHeartbeat();
      });
    });
  });
}
