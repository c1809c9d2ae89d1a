import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Agent } from 'undici';
import { postJson } from '../../post-json.ts';
import { scratchFolder } from '../../scratch-folder.ts';
import { startWholePlatform } from '../../whole-platform.ts';

const root = path.join(import.meta.dirname, '../../..');
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };
const SKU = 'OVERLOAD-1';
const ORDER = JSON.stringify({
  lines: [{ sku: SKU, quantity: 1 }],
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '12 High Street', city: 'London', postalCode: 'N1 9GU', country: 'GB' },
});

/** The response to one order. */
export interface Placed {
  status: number;
  ms: number;
  orderId?: string;
  retryAfterSeconds?: number;
}

export interface KnownOrder {
  id: string;
  status: string;
  createdAt: string;
  updatedAt: string;
}

/** A whole platform of its own with one product. */
export interface Shop {
  /** Places an order and waits this long for its outcome. */
  place(waitSeconds?: number): Promise<Placed>;
  /** All orders, page by page. */
  orders(): AsyncGenerator<KnownOrder>;
  /** Runs `npm run reconcile`. */
  reconcile(): Promise<{ code: number | null; output: string }>;
  close(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const folder = scratchFolder();
  const dataFolder = path.join(folder.path, 'data');
  const platform = await startWholePlatform(dataFolder, {
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_PER_MINUTE: '100000000',
    LOG_LEVEL: 'warn',
  });
  const agent = new Agent({ connections: 256, headersTimeout: 60_000 });
  const close = async () => {
    await agent.close();
    await platform.stop();
    folder.remove();
  };
  try {
    const authorization = await signInAndStock(platform.apiUrl);
    const api = { agent, origin: platform.apiUrl, authorization };
    return {
      place: (waitSeconds) => place(api, waitSeconds),
      orders: () => listOrders(api),
      reconcile: () => runReconcile(dataFolder),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Api {
  agent: Agent;
  origin: string;
  authorization: string;
}

/** Signs in as an admin and adds the product; returns the authorization header. */
async function signInAndStock(apiUrl: string): Promise<string> {
  const { accessToken } = await postJson<{ accessToken: string }>(`${apiUrl}/v1/sessions`, ADMIN);
  const authorization = `Bearer ${accessToken}`;
  const price = { amountMinor: 255, currency: 'GBP' };
  await postJson(`${apiUrl}/v1/products`, { sku: SKU, name: 'A product', price }, { authorization });
  await postJson(
    `${apiUrl}/v1/products/${SKU}/stock-adjustments`,
    { delta: 1_000_000, reason: 'delivered' },
    { authorization, 'idempotency-key': randomUUID() },
  );
  return authorization;
}

async function place({ agent, origin, authorization }: Api, waitSeconds?: number): Promise<Placed> {
  const startedAt = performance.now();
  const response = await agent.request({
    origin,
    path: '/v1/orders',
    method: 'POST',
    body: ORDER,
    headers: {
      'content-type': 'application/json',
      authorization,
      'idempotency-key': randomUUID(),
      ...(waitSeconds && { prefer: `wait=${waitSeconds}` }),
    },
  });
  const { id } = (await response.body.json()) as { id?: string };
  const retryAfter = response.headers['retry-after'];
  return {
    status: response.statusCode,
    ms: performance.now() - startedAt,
    ...(id && { orderId: id }),
    ...(retryAfter && { retryAfterSeconds: Number(retryAfter) }),
  };
}

async function* listOrders({ agent, origin, authorization }: Api): AsyncGenerator<KnownOrder> {
  let next: string | null = '/v1/orders?limit=100';
  while (next) {
    const response = await agent.request({ origin, path: next, method: 'GET', headers: { authorization } });
    const page = (await response.body.json()) as { items: KnownOrder[]; next: string | null };
    yield* page.items;
    ({ next } = page);
  }
}

function runReconcile(dataFolder: string): Promise<{ code: number | null; output: string }> {
  const environment = { PATH: process.env.PATH, DATA_DIR: dataFolder };
  const child = spawn(process.execPath, ['tools/reconcile.ts'], { cwd: root, env: environment });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output: output.trim() }));
  });
}
