import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DatabaseName, DATABASES, SERVICES } from '../../services/registry.ts';
import { takePorts } from '../../platform/ports.ts';
import { type Ports, type Surroundings, databaseUrl, portSetting, sandboxPlan } from '../../local/processes.ts';
import { type DatabasePlan, provision } from '../../platform/database/provision.ts';
import { readStartSettings } from '../../local/settings.ts';
import { type LedgerLocations, ledgersAt } from './ledgers.ts';
import { CARRIER_PATH, FRONT_PORT } from './peers/front.ts';
import { Processes, ROOT } from './children.ts';
import { platformProcess } from './process-plans.ts';
import type * as Stock from './stock.ts';
import { runAsSuperuser } from './superuser.ts';
import { startServer } from './temporal/server.ts';
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
}

/** The environment for one start of one system: new databases, a new sandbox, nothing else running. */
export interface Stage {
  world: World;
  processes: Processes;
  /** The values from which the platform's processes get their settings; peers' processes get the same. */
  surroundings: Surroundings;
  /** The address of `peers/front.ts`. */
  frontUrl: string;
  ledgers: LedgerLocations;
  close(): Promise<void>;
}

/** @param root the checkout whose programs run on the stage */
export async function openStage(world: World, needs: Needs, root: string = ROOT): Promise<Stage> {
  const folder = path.join(world.folder, 'stage');
  rmSync(folder, { recursive: true, force: true });
  const sandboxFolder = path.join(folder, 'sandbox');
  mkdirSync(sandboxFolder, { recursive: true });
  const processes = new Processes(path.join(folder, 'logs'), world.signal, root);
  try {
    const databaseUrls = await newDatabases(world, needs.databases);
    const temporalAddress = await startTemporal(world, needs, { folder, processes });
    const { frontPort, ...settings } = await chooseSettings(world, needs, folder);
    const surroundings = { ...settings, databaseUrls, temporalAddress };
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
      frontUrl,
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
    await runAsSuperuser(superuserUrl, [`drop database if exists ${name} with (force)`]);
    await provision(plan, superuserUrl, urlOf(plan.name));
  }
  const names = Object.keys(DATABASES) as DatabaseName[];
  return Object.fromEntries(names.map((name) => [name, urlOf(name)])) as Record<DatabaseName, string>;
}

/** The address for systems without a Temporal server: nothing listens there. */
const NO_ADDRESS = '127.0.0.1:1';

async function startTemporal(
  { binary, superuserUrl }: World,
  { temporal }: Needs,
  { folder, processes }: { folder: string; processes: Processes },
): Promise<string> {
  if (!temporal) return NO_ADDRESS;
  return startServer(binary, temporal, { folder: path.join(folder, 'temporal'), superuserUrl, processes });
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
  return { settings, secrets, ports: ports as Ports, dataFolder, environment: shared, frontPort };
}
