import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { SigningKey, createTokens } from '../../gateway/auth/tokens.ts';
import { connect } from '../../platform/database/connection.ts';
import { DATABASES } from '../../services/registry.ts';
import { takePorts } from '../../platform/ports.ts';
import { startPostgres } from '../../local/postgres.ts';
import { GATEWAY_PROGRAM } from '../../gateway/program.ts';
import { databaseUrl } from '../../local/processes.ts';
import { provision, withDatabase } from '../../platform/database/provision.ts';
import { fillWithOrders } from './many-orders.ts';

const root = path.join(import.meta.dirname, '../..');
const SECRET = 'a secret of the bench of more than thirty-two characters';
const DATABASES_READ = ['order', 'product', 'inventory', 'gateway'] as const;
const SERVICES_READ = ['order', 'product', 'inventory'] as const;
const ORDERS = 1_000;
const READY_MS = 60_000;
export const SKU = 'MUG-BLUE';

/** One way to read: what is asked, and the processes whose CPU that costs. */
export interface Side {
  origin: string;
  /** Before the path of an order or a product. */
  prefix: string;
  headers: Record<string, string>;
  pids: Readonly<Record<string, number>>;
}

export interface Stage {
  orderId: string;
  /** Ours; the plain handler; and the plain handler behind a plain front, the least that two processes cost. */
  sides: Record<'ours' | 'two' | 'plain', Side>;
  close(): Promise<void>;
}

/**
 * The gateway and the services that reads go to, each a process as in production, beside the plain ones on the same
 * PostgreSQL. No read goes through Temporal, so there is none. `nodeOptions` are for our processes: `--cpu-prof`.
 */
export async function readsStage(nodeOptions: readonly string[] = []): Promise<Stage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'order-platform-reads-'));
  // As root PostgreSQL runs as a user of its own, who has to pass through here.
  chmodSync(folder, 0o711);
  const postgres = await startPostgres({ folder: path.join(folder, 'postgres'), port: 0 });
  const urls = Object.fromEntries(
    DATABASES_READ.map((name) => [name, databaseUrl(postgres.url, name, 'a password')]),
  ) as Record<(typeof DATABASES_READ)[number], string>;
  for (const name of DATABASES_READ) await provision(DATABASES[name], postgres.url, urls[name]);
  const orderId = await seed((name) => withDatabase(postgres.url, new URL(urls[name]).pathname.slice(1)));

  const plain = node(['bench/studies/plain-handler.ts'], {
    PLAIN_ORDER_URL: urls.order,
    PLAIN_PRODUCT_URL: urls.product,
  });
  const plainOrigin = await originOf(plain);
  const front = node(['bench/studies/plain-front.ts'], { PLAIN_ORIGIN: plainOrigin });
  const frontOrigin = await originOf(front);
  const ours = await startOurs(urls, nodeOptions);
  const shared = { postgres: postgres.pid };
  const children = [...Object.values(ours.processes), front, plain];
  return {
    orderId,
    sides: {
      ours: {
        origin: ours.origin,
        prefix: '/v1',
        headers: { authorization: `Bearer ${ours.token}` },
        pids: { ...pidsOf(ours.processes), ...shared },
      },
      two: { origin: frontOrigin, prefix: '', headers: {}, pids: { ...pidsOf({ front, plain }), ...shared } },
      plain: { origin: plainOrigin, prefix: '', headers: {}, pids: { ...pidsOf({ plain }), ...shared } },
    },
    async close() {
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.disconnect();
      await Promise.all(ended);
      await postgres.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startOurs(urls: Record<(typeof DATABASES_READ)[number], string>, nodeOptions: readonly string[]) {
  const ports = await takePorts({
    PORT: 0,
    METRICS_PORT: 0,
    ORDER_PORT: 0,
    PRODUCT_PORT: 0,
    INVENTORY_PORT: 0,
    TEMPORAL: 0,
  });
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const pair = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const key = SigningKey.parse({ ...pair, kid: 'bench' });
  const environment = {
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    ...Object.fromEntries(DATABASES_READ.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, urls[name]])),
    ORDER_URL: at(ports.ORDER_PORT),
    PRODUCT_URL: at(ports.PRODUCT_PORT),
    INVENTORY_URL: at(ports.INVENTORY_PORT),
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.TEMPORAL}`,
    SERVICE_TOKEN: SECRET,
    CARRIER_CALLBACK_SECRET: SECRET,
    JWT_PRIVATE_KEY: JSON.stringify(key),
    RATE_LIMIT_PER_MINUTE: '1000000000',
    LOG_LEVEL: 'error',
  };
  const start = (...program: string[]) =>
    node([...nodeOptions, '--import', './platform/telemetry/tracing.ts', ...program], environment);
  const processes = {
    gateway: start(...GATEWAY_PROGRAM),
    ...Object.fromEntries(SERVICES_READ.map((name) => [name, start('services/main.ts', name)])),
  };
  for (const { stdout } of Object.values(processes)) stdout!.resume();
  for (const port of [ports.PORT, ports.ORDER_PORT, ports.PRODUCT_PORT, ports.INVENTORY_PORT]) await alive(at(port));
  const naming = { issuer: 'order-platform', audience: 'order-platform' };
  const tokens = await createTokens({ key, ...naming, lifetimeSeconds: 3_600 });
  const { accessToken } = await tokens.issue({ id: randomUUID(), role: 'admin' });
  return { processes, origin: at(ports.PORT), token: accessToken };
}

/** Orders that have been through everything, and one product with stock; answers the id of an order. */
async function seed(ownerUrlOf: (name: (typeof SERVICES_READ)[number]) => string): Promise<string> {
  await fillWithOrders(ownerUrlOf('order'), ORDERS);
  const owner = (name: (typeof SERVICES_READ)[number]) => connect<unknown>(ownerUrlOf(name), 1);
  const [orders, products, stock] = [owner('order'), owner('product'), owner('inventory')];
  await sql`insert into products (sku, name, description, price_minor, currency)
            values (${SKU}, 'A blue mug', 'Holds a third of a litre.', 650, 'GBP')`.execute(products);
  await sql`insert into stock (sku, on_hand, reserved) values (${SKU}, 100, 3)`.execute(stock);
  const { rows } = await sql<{ id: string }>`
    select id from orders where status = 'completed' order by created_at desc limit 1`.execute(orders);
  await Promise.all([orders, products, stock].map((db) => db.destroy()));
  return rows[0]!.id;
}

const node = (program: readonly string[], environment: Record<string, string>): ChildProcess =>
  spawn(process.execPath, program, {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });

const pidsOf = (children: Readonly<Record<string, ChildProcess>>) =>
  Object.fromEntries(Object.entries(children).map(([name, { pid }]) => [name, pid!]));

/** The address that a plain process says on its first line. */
async function originOf(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return /^plain (\S+)/.exec(line.toString())![1]!;
}

async function alive(origin: string): Promise<void> {
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(50)) {
    const answered = await fetch(`${origin}/livez`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
  }
  throw new Error(`${origin} does not answer`);
}
