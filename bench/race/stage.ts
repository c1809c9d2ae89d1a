import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DatabaseName, type ServiceName, DATABASES, SERVICES } from '../../services/registry.ts';
import { takePorts } from '../../platform/ports.ts';
import { type Ports, type Surroundings, databaseUrl, portSetting, sandboxPlan } from '../../local/processes.ts';
import { type DatabasePlan, provision } from '../../platform/database/provision.ts';
import { readStartSettings } from '../../local/settings.ts';
import { type LedgerLocations, ledgersAt } from './ledgers.ts';
import { CARRIER_PATH, FRONT_PORT } from './peers/front.ts';
import { type Plan, Processes, ROOT } from './children.ts';
import type { ProxyKind, Proxies } from './faults/proxies/proxies.ts';
import { type Listener, Wiring } from './faults/proxies/wiring.ts';
import { platformProcess } from './process-plans.ts';
import type * as Stock from './stock.ts';
import { dropDatabase } from './superuser.ts';
import { type ServerEnvironment, startServer } from './temporal/server.ts';
import { NAMESPACE, type ServerSettings } from './temporal/settings.ts';
import { type World, adminUrl, databaseName } from './world.ts';

/** What a system needs. */
export interface Needs {
  /** Its databases, created anew for each start. */
  databases: readonly DatabasePlan<DatabaseName>[];
  /** The settings of the Temporal server, if it uses one. */
  temporal?: ServerSettings;
  /** Settings of the platform and other environment variables for all processes. */
  environment?: NodeJS.ProcessEnv;
  /** What its services speak, those that do not speak HTTP/1.1. */
  proxyKinds?: Partial<Record<ServiceName, ProxyKind>>;
}

/** The environment for one start of one system: new databases, a new sandbox, nothing else running. */
export interface Stage {
  world: World;
  processes: Processes;
  /** The values from which the platform's processes get their settings; peers' processes get the same. */
  surroundings: Surroundings;
  /** PostgreSQL for processes that connect as a superuser. The bench itself uses `world.superuserUrl`. */
  superuserUrl: string;
  /** host:port of the Temporal server for the bench itself, past its proxy. */
  temporalAddress: string;
  /** The address of `peers/front.ts`. */
  frontUrl: string;
  ledgers: LedgerLocations;
  /** Puts a proxy in front of a server's port; returns the proxy's port, or `target` on a stage without proxies. */
  openProxy(name: string, kind: ProxyKind, target: number): Promise<number>;
  /** Stops the processes, then closes the proxies. */
  close(): Promise<void>;
}

export interface StageOptions {
  /** The checkout whose programs run on the stage. */
  root?: string | undefined;
  /** With proxies every process is reached through one, and PostgreSQL too. */
  proxies?: Proxies;
}

export async function openStage(
  world: World,
  needs: Needs,
  { root = ROOT, proxies }: StageOptions = {},
): Promise<Stage> {
  const folder = path.join(world.folder, 'stage');
  rmSync(folder, { recursive: true, force: true });
  const sandboxFolder = path.join(folder, 'sandbox');
  mkdirSync(sandboxFolder, { recursive: true });
  const wiring = new Wiring(proxies);
  const rewire = (plan: Plan) => wiring.rewired(plan);
  const processes = new Processes(path.join(folder, 'logs'), world.signal, { root, rewire });
  const close = async () => {
    await processes.close();
    await wiring.close();
  };
  try {
    const postgresPort = await wiring.openProxy('postgres', 'tcp', Number(new URL(world.superuserUrl).port));
    const superuserUrl = atPort(world.superuserUrl, postgresPort);
    const databaseUrls = await newDatabases(world, needs.databases, superuserUrl);
    const temporalAddress = await startTemporal(world, needs, { folder, processes, superuserUrl });
    const { frontPort, ...settings } = await chooseSettings(world, needs, folder);
    await wiring.openProxiesFor(listenersOf({ ...settings.ports, [FRONT_PORT]: frontPort }, needs));
    const temporalPort = await wiring.openProxy('temporal', 'http2', Number(temporalAddress.split(':')[1]));
    const surroundings = { ...settings, databaseUrls, temporalAddress: `127.0.0.1:${temporalPort}` };
    const frontUrl = `http://127.0.0.1:${frontPort}`;
    const sandbox = platformProcess(sandboxPlan(surroundings));
    const environment = { ...sandbox.environment, CARRIER_CALLBACK_URL: frontUrl + CARRIER_PATH };
    await processes.start({ ...sandbox, environment });
    const { stockUp } = (await import(pathToFileURL(path.join(root, 'bench/race/stock.ts')).href)) as typeof Stock;
    await stockUp(adminUrl(world, 'inventory'));
    return {
      world,
      processes,
      surroundings,
      superuserUrl,
      temporalAddress,
      frontUrl,
      ledgers: ledgersAt((service) => adminUrl(world, service), sandboxFolder),
      openProxy: (name, kind, target) => wiring.openProxy(name, kind, target),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @returns the URLs for processes, on the server of `servedUrl` */
async function newDatabases(
  { secrets, superuserUrl }: World,
  plans: readonly DatabasePlan<DatabaseName>[],
  servedUrl: string,
) {
  const urlOf = (name: DatabaseName) => databaseUrl(servedUrl, name, secrets.databasePasswords[name]);
  for (const plan of plans) {
    const name = databaseName(superuserUrl, plan.name);
    await dropDatabase(superuserUrl, name);
    await provision(plan, superuserUrl, urlOf(plan.name));
  }
  const names = Object.keys(DATABASES) as DatabaseName[];
  return Object.fromEntries(names.map((name) => [name, urlOf(name)])) as Record<DatabaseName, string>;
}

/** The address for systems without a Temporal server: nothing listens there. */
const NO_ADDRESS = '127.0.0.1:1';

async function startTemporal(
  { binary }: World,
  { temporal }: Needs,
  { folder, ...environment }: ServerEnvironment,
): Promise<string> {
  if (!temporal) return NO_ADDRESS;
  return startServer(binary, temporal, { ...environment, folder: path.join(folder, 'temporal') });
}

function atPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

/** Where the processes of a system listen. */
function listenersOf(ports: Readonly<Record<string, number>>, { proxyKinds = {} }: Needs): Listener[] {
  const named = [
    ...SERVICES.map((service) => ({ name: service, setting: portSetting(service) })),
    { name: 'processor', setting: 'PROCESSOR_PORT' },
    { name: 'carrier', setting: 'CARRIER_PORT' },
    { name: 'front', setting: FRONT_PORT },
  ];
  return named.map(({ name, setting }) => {
    const kind = proxyKinds[name as ServiceName] ?? 'http';
    return { name, setting, kind, port: ports[setting]! };
  });
}

/** Free ports and default settings, except for the rate limit: here one customer places all orders. */
async function chooseSettings({ secrets, cache }: World, { environment }: Needs, dataFolder: string) {
  const names = ['PORT', 'METRICS_PORT', 'PROCESSOR_PORT', 'CARRIER_PORT', FRONT_PORT, ...SERVICES.map(portSetting)];
  const { [FRONT_PORT]: frontPort, ...ports } = await takePorts(Object.fromEntries(names.map((name) => [name, 0])));
  const settings = readStartSettings({
    CACHE_DIR: cache,
    RATE_LIMIT_PER_MINUTE: '1000000',
    TEMPORAL_NAMESPACE: NAMESPACE,
    ...environment,
  });
  const { PATH, HOME } = process.env;
  const shared = { PATH, HOME, [FRONT_PORT]: String(frontPort), ...environment };
  return { settings, secrets, ports: ports as Ports, dataFolder, environment: shared, frontPort: frontPort! };
}
