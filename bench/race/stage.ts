import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type DatabaseName, DATABASES, SERVICES } from '../../services/registry.ts';
import { takePorts } from '../../platform/ports.ts';
import { type Ports, type Surroundings, databaseUrl, portSetting, sandboxPlan } from '../../local/processes.ts';
import { type DatabasePlan, provision } from '../../platform/database/provision.ts';
import { readStartSettings } from '../../local/settings.ts';
import { type LedgerPlaces, ledgersAt } from './ledgers.ts';
import { FRONT_PORT } from './peers/front.ts';
import { Processes } from './children.ts';
import { planOf } from './stand-ins.ts';
import { stockUp } from './stock.ts';
import { asSuperuser } from './superuser.ts';
import { startServer } from './temporal/server.ts';
import { NAMESPACE, type ServerSettings } from './temporal/settings.ts';
import { type World, adminUrl, databaseName } from './world.ts';

/** What a system wants around it. */
export interface Needs {
  /** The databases it uses, each new. */
  databases: readonly DatabasePlan<DatabaseName>[];
  /** Where it stands on Temporal. */
  temporal?: ServerSettings;
  /** Settings of the platform's, and whatever else all of its processes are to find in their environment. */
  environment?: NodeJS.ProcessEnv;
}

/** Around one start of one system: new databases, a new outside world, nothing else running. */
export interface Stage {
  world: World;
  processes: Processes;
  /** What the platform tells its processes; peers' processes are told the same. */
  surroundings: Surroundings;
  /** Where `peers/front.ts` listens. */
  frontUrl: string;
  ledgers: LedgerPlaces;
  close(): Promise<void>;
}

export async function openStage(world: World, needs: Needs): Promise<Stage> {
  const folder = path.join(world.folder, 'stage');
  rmSync(folder, { recursive: true, force: true });
  const sandboxFolder = path.join(folder, 'sandbox');
  mkdirSync(sandboxFolder, { recursive: true });
  const processes = new Processes(path.join(folder, 'logs'), world.signal);
  try {
    const databaseUrls = await newDatabases(world, needs.databases);
    const temporalAddress = await startTemporal(world, needs, { folder, processes });
    const { frontPort, ...settled } = await settle(world, needs, folder);
    const surroundings = { ...settled, databaseUrls, temporalAddress };
    await processes.start(planOf(sandboxPlan(surroundings)));
    await stockUp(adminUrl(world, 'inventory'));
    return {
      world,
      processes,
      surroundings,
      frontUrl: `http://127.0.0.1:${frontPort}`,
      ledgers: ledgersAt((service) => adminUrl(world, service), sandboxFolder),
      close: () => processes.close(),
    };
  } catch (error) {
    await processes.close();
    throw error;
  }
}

async function newDatabases({ secrets, superuserUrl }: World, plans: readonly DatabasePlan<DatabaseName>[]) {
  const urlOf = (name: DatabaseName) => databaseUrl(superuserUrl, name, secrets.databasePasswords[name]);
  for (const plan of plans) {
    const name = databaseName(superuserUrl, plan.name);
    await asSuperuser(superuserUrl, [`drop database if exists ${name} with (force)`]);
    await provision(plan, superuserUrl, urlOf(plan.name));
  }
  const names = Object.keys(DATABASES) as DatabaseName[];
  return Object.fromEntries(names.map((name) => [name, urlOf(name)])) as Record<DatabaseName, string>;
}

/** Nothing listens at the address of a system that has no server. */
const NOWHERE = '127.0.0.1:1';

async function startTemporal(
  { binary, superuserUrl }: World,
  { temporal }: Needs,
  { folder, processes }: { folder: string; processes: Processes },
): Promise<string> {
  if (!temporal) return NOWHERE;
  return startServer(binary, temporal, { folder: path.join(folder, 'temporal'), superuserUrl, processes });
}

/** Ports that are free and settings as they come, but for a limit on one customer's requests: here one stands for all. */
async function settle({ secrets, cache }: World, { environment }: Needs, dataFolder: string) {
  const names = ['PORT', 'METRICS_PORT', 'PROCESSOR_PORT', 'CARRIER_PORT', FRONT_PORT, ...SERVICES.map(portSetting)];
  const { [FRONT_PORT]: frontPort, ...ports } = await takePorts(Object.fromEntries(names.map((name) => [name, 0])));
  const settings = readStartSettings({
    CACHE_DIR: cache,
    RATE_LIMIT_PER_MINUTE: '1000000',
    TEMPORAL_NAMESPACE: NAMESPACE,
    ...environment,
  });
  const { PATH, HOME } = process.env;
  const everybody = { PATH, HOME, [FRONT_PORT]: String(frontPort), ...environment };
  return { settings, secrets, ports: ports as Ports, dataFolder, environment: everybody, frontPort };
}
