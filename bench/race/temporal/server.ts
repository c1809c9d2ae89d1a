import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { takePorts } from '../../../platform/ports.ts';
import { prepareNamespace } from '../../../local/temporal-namespace.ts';
import type { Plan, Processes } from '../children.ts';
import type { DevServer, FullServer, ServerBinary } from './binary.ts';
import { cloneTemplates, prepareTemplates } from './databases.ts';
import { DEFAULTS, NAMESPACE, type ServerSettings } from './settings.ts';

// As in the server's own configuration for PostgreSQL.
const HISTORY_SHARDS = 4;
const CONNECTIONS = { temporal: 20, temporal_visibility: 2 } as const;

export interface ServerPlace {
  /** Its own, for its configuration and, where it keeps one, its file. */
  folder: string;
  superuserUrl: string;
  processes: Processes;
}

/** Runs a fresh server with an empty namespace; resolves with its address. */
export async function startServer(binary: ServerBinary, settings: ServerSettings, place: ServerPlace): Promise<string> {
  mkdirSync(place.folder, { recursive: true });
  const ports = await serverPorts();
  if (binary.kind === 'full') await cloneTemplates(place.superuserUrl);
  const plan =
    binary.kind === 'full' ? fullServer(binary, settings, place, ports) : devServer(binary, settings, place, ports);
  await place.processes.start(plan);
  const address = addressOf(ports);
  await prepareNamespace({ address, namespace: NAMESPACE });
  return address;
}

/** To be done once for a PostgreSQL, before the first full server is started on it. */
export const prepareServers = (binary: FullServer, place: ServerPlace): Promise<void> =>
  prepareTemplates(binary, place.superuserUrl, async (work) => {
    const ports = await serverPorts();
    try {
      await place.processes.start(fullServer(binary, DEFAULTS, place, ports));
      await work(addressOf(ports));
    } finally {
      await place.processes.close();
    }
  });

const ROLES = ['frontend', 'matching', 'history', 'worker'] as const;
type Role = (typeof ROLES)[number];
type ServerPorts = Record<Role | `${Role}Membership`, number>;

const addressOf = ({ frontend }: ServerPorts): string => `127.0.0.1:${frontend}`;

/**
 * Eight free ports in a row. Not whichever the system gives: the server keeps its members' ports in a smallint, so they
 * must be below 32,768, and that is where Linux begins to give them out.
 */
async function serverPorts(): Promise<ServerPorts> {
  const names = ROLES.flatMap((role) => [role, `${role}Membership`] as const);
  for (;;) {
    const first = 15_000 + Math.floor(Math.random() * 15_000);
    const wanted = Object.fromEntries(names.map((name, index) => [name, first + index])) as ServerPorts;
    try {
      return await takePorts(wanted);
    } catch {
      // Somebody listens there: elsewhere, then.
    }
  }
}

/** All four roles in one process, as in the server's own development set-up and its container. */
function fullServer({ server }: FullServer, settings: ServerSettings, place: ServerPlace, ports: ServerPorts): Plan {
  const { folder } = place;
  // YAML takes JSON as it is.
  const dynamic = Object.fromEntries(Object.entries(settings.dynamic).map(([name, value]) => [name, [{ value }]]));
  mkdirSync(path.join(folder, 'config'), { recursive: true });
  writeFileSync(path.join(folder, 'dynamic.yaml'), JSON.stringify(dynamic));
  writeFileSync(path.join(folder, 'config/bench.yaml'), JSON.stringify(configuration(settings, place, ports)));
  return {
    name: 'temporal',
    command: [server, '--root', folder, '--config', 'config', '--env', 'bench', '--allow-no-auth', 'start'],
    environment: { PATH: process.env.PATH, HOME: process.env.HOME },
    ready: () => reachable(addressOf(ports)),
  };
}

function configuration({ plugin }: ServerSettings, { folder, superuserUrl }: ServerPlace, ports: ServerPorts) {
  const { host: connectAddr, username: user, password } = new URL(superuserUrl);
  const store = (databaseName: keyof typeof CONNECTIONS) => {
    const size = CONNECTIONS[databaseName];
    const limits = { maxConns: size, maxIdleConns: size, maxConnLifetime: '1h' };
    return {
      sql: { pluginName: plugin, databaseName, connectAddr, connectProtocol: 'tcp', user, password, ...limits },
    };
  };
  const role = (name: Role) => {
    const rpc = { grpcPort: ports[name], membershipPort: ports[`${name}Membership`], bindOnIP: '127.0.0.1' };
    return [name, { rpc }] as const;
  };
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      defaultStore: 'default',
      visibilityStore: 'visibility',
      numHistoryShards: HISTORY_SHARDS,
      datastores: { default: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: Object.fromEntries(ROLES.map(role)),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: addressOf(ports) },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: addressOf(ports) },
    dynamicConfigClient: { filepath: path.join(folder, 'dynamic.yaml'), pollInterval: '1m' },
  };
}

function devServer(
  { executable }: DevServer,
  settings: ServerSettings,
  { folder }: ServerPlace,
  ports: ServerPorts,
): Plan {
  const dynamic = Object.entries(settings.dynamic).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return {
    name: 'temporal',
    command: [
      executable,
      'server',
      'start-dev',
      '--headless',
      '--ip=127.0.0.1',
      `--port=${ports.frontend}`,
      `--db-filename=${path.join(folder, 'temporal.db')}`,
      `--namespace=${NAMESPACE}`,
      '--log-level=error',
      ...dynamic.map((setting) => `--dynamic-config-value=${setting}`),
    ],
    environment: { PATH: process.env.PATH, HOME: process.env.HOME },
    ready: () => reachable(addressOf(ports)),
  };
}

async function reachable(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  await connection.close();
}
