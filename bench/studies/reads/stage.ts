import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { sql } from 'kysely';
import { GATEWAY_PROGRAM } from '../../../gateway/program.ts';
import { startPostgres } from '../../../local/postgres.ts';
import { databaseUrl } from '../../../local/processes.ts';
import { connect } from '../../../platform/database/connection.ts';
import { provision, withDatabase } from '../../../platform/database/provision.ts';
import { takePorts } from '../../../platform/ports.ts';
import { DATABASES } from '../../../services/registry.ts';
import { scratchFolder } from '../../scratch-folder.ts';
import { waitUntilOk } from '../../wait-until-ok.ts';
import { createAccessTokens } from '../access-tokens.ts';
import { fillWithOrders } from '../many-orders.ts';

const root = path.join(import.meta.dirname, '../../..');
const SECRET = 'a secret of the bench of more than thirty-two characters';
const DATABASES_READ = ['order', 'product', 'inventory', 'gateway'] as const;
const SERVICES_READ = ['order', 'product', 'inventory'] as const;
type DatabaseUrls = Record<(typeof DATABASES_READ)[number], string>;
const ORDERS = 1_000;
export const SKU = 'MUG-BLUE';

/** One way to read: where to send requests, and the processes whose CPU they cost. */
export interface Variant {
  origin: string;
  /** Prefix of the path of an order or a product. */
  prefix: string;
  headers: Record<string, string>;
  pids: Readonly<Record<string, number>>;
}

/** The platform; the plain handler; and the plain handler behind a plain front, the lower bound for two processes. */
export const VARIANTS = ['platform', 'two plain', 'plain'] as const;
export type VariantName = (typeof VARIANTS)[number];

export interface Stage {
  orderId: string;
  variants: Record<VariantName, Variant>;
  close(): Promise<void>;
}

/**
 * Starts the gateway and the services that reads need, each in a process of its own as in production, and the plain
 * processes, all on one PostgreSQL. No read uses Temporal, so there is none. `nodeOptions` apply to the platform's
 * processes, such as `--cpu-prof`.
 */
export async function startReadsStage(nodeOptions: readonly string[] = []): Promise<Stage> {
  const folder = scratchFolder();
  const postgres = await startPostgres({ folder: path.join(folder.path, 'postgres'), port: 0 });
  const urls = Object.fromEntries(
    DATABASES_READ.map((name) => [name, databaseUrl(postgres.url, name, 'a password')]),
  ) as DatabaseUrls;
  for (const name of DATABASES_READ) await provision(DATABASES[name], postgres.url, urls[name]);
  const orderId = await seed((name) => withDatabase(postgres.url, new URL(urls[name]).pathname.slice(1)));
  const plain = await startPlain(urls);
  const platform = await startPlatform(urls, nodeOptions);
  const pids = (children: Record<string, ChildProcess>) => ({ ...pidsOf(children), postgres: postgres.pid });
  const { front, handler } = plain.processes;
  return {
    orderId,
    variants: {
      platform: {
        origin: platform.origin,
        prefix: '/v1',
        headers: { authorization: `Bearer ${platform.accessToken}` },
        pids: pids(platform.processes),
      },
      'two plain': { origin: plain.frontOrigin, prefix: '', headers: {}, pids: pids({ front, handler }) },
      plain: { origin: plain.handlerOrigin, prefix: '', headers: {}, pids: pids({ handler }) },
    },
    async close() {
      const children = [...Object.values(platform.processes), front, handler];
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.disconnect();
      await Promise.all(ended);
      await postgres.close();
      folder.remove();
    },
  };
}

async function startPlain(urls: DatabaseUrls) {
  const handler = startNode(['bench/studies/reads/plain-handler.ts'], {
    PLAIN_ORDER_URL: urls.order,
    PLAIN_PRODUCT_URL: urls.product,
  });
  const handlerOrigin = await printedOrigin(handler);
  const front = startNode(['bench/studies/reads/plain-front.ts'], { PLAIN_ORIGIN: handlerOrigin });
  return { processes: { front, handler }, handlerOrigin, frontOrigin: await printedOrigin(front) };
}

async function startPlatform(urls: DatabaseUrls, nodeOptions: readonly string[]) {
  const ports = await takePorts({
    PORT: 0,
    METRICS_PORT: 0,
    ORDER_PORT: 0,
    PRODUCT_PORT: 0,
    INVENTORY_PORT: 0,
    TEMPORAL: 0,
  });
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const tokens = await createAccessTokens();
  const environment = {
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    ...Object.fromEntries(DATABASES_READ.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, urls[name]])),
    ORDER_URL: at(ports.ORDER_PORT),
    PRODUCT_URL: at(ports.PRODUCT_PORT),
    INVENTORY_URL: at(ports.INVENTORY_PORT),
    TEMPORAL_ADDRESS: `127.0.0.1:${ports.TEMPORAL}`,
    SERVICE_TOKEN: SECRET,
    CARRIER_CALLBACK_SECRET: SECRET,
    JWT_PRIVATE_KEY: tokens.privateKey,
    RATE_LIMIT_PER_MINUTE: '1000000000',
    LOG_LEVEL: 'error',
  };
  const start = (...program: string[]) =>
    startNode([...nodeOptions, '--import', './platform/telemetry/tracing.ts', ...program], environment);
  const processes = {
    gateway: start(...GATEWAY_PROGRAM),
    ...Object.fromEntries(SERVICES_READ.map((name) => [name, start('services/main.ts', name)])),
  };
  for (const { stdout } of Object.values(processes)) stdout!.resume();
  for (const port of [ports.PORT, ports.ORDER_PORT, ports.PRODUCT_PORT, ports.INVENTORY_PORT])
    await waitUntilOk(`${at(port)}/livez`);
  return { processes, origin: at(ports.PORT), accessToken: await tokens.issue() };
}

/** Inserts orders, most of them completed, and one product with stock; returns the id of a completed order. */
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

const startNode = (program: readonly string[], environment: Record<string, string>): ChildProcess =>
  spawn(process.execPath, program, {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });

const pidsOf = (children: Readonly<Record<string, ChildProcess>>) =>
  Object.fromEntries(Object.entries(children).map(([name, { pid }]) => [name, pid!]));

/** The address that a plain process prints in its first line. */
async function printedOrigin(child: ChildProcess): Promise<string> {
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return /^plain (\S+)/.exec(line.toString())![1]!;
}
