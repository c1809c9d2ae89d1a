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

export interface ServerEnvironment {
  /** For its configuration and, with the development server, its file. */
  folder: string;
  superuserUrl: string;
  processes: Processes;
}

/** Starts a new server with an empty namespace; returns its address. */
export async function startServer(
  binary: ServerBinary,
  settings: ServerSettings,
  environment: ServerEnvironment,
): Promise<string> {
  mkdirSync(environment.folder, { recursive: true });
  const ports = await serverPorts();
  if (binary.kind === 'full') await cloneTemplates(environment.superuserUrl);
  const plan =
    binary.kind === 'full'
      ? fullServer(binary, settings, environment, ports)
      : devServer(binary, settings, environment, ports);
  await environment.processes.start(plan);
  const address = addressOf(ports);
  await prepareNamespace({ address, namespace: NAMESPACE });
  return address;
}

/** To be called once per PostgreSQL, before the first full server is started on it. */
export const prepareServers = (binary: FullServer, environment: ServerEnvironment): Promise<void> =>
  prepareTemplates(binary, environment.superuserUrl, async (work) => {
    const ports = await serverPorts();
    try {
      await environment.processes.start(fullServer(binary, DEFAULTS, environment, ports));
      await work(addressOf(ports));
    } finally {
      await environment.processes.close();
    }
  });

const ROLES = ['frontend', 'matching', 'history', 'worker'] as const;
type Role = (typeof ROLES)[number];
type ServerPorts = Record<Role | `${Role}Membership`, number>;

const addressOf = ({ frontend }: ServerPorts): string => `127.0.0.1:${frontend}`;

/**
 * Eight free ports in a row. They must be below 32,768, because the server stores its members' ports in a smallint; Linux
 * assigns ephemeral ports only above that.
 */
async function serverPorts(): Promise<ServerPorts> {
  const names = ROLES.flatMap((role) => [role, `${role}Membership`] as const);
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 7_000);
    const wanted = Object.fromEntries(names.map((name, index) => [name, first + index])) as ServerPorts;
    try {
      return await takePorts(wanted);
    } catch {
      // A port is taken: try others.
    }
  }
}

/** All four roles in one process, as in the server's own development set-up and its container. */
function fullServer(
  { server }: FullServer,
  settings: ServerSettings,
  environment: ServerEnvironment,
  ports: ServerPorts,
): Plan {
  const { folder } = environment;
  // JSON is valid YAML.
  const dynamic = Object.fromEntries(Object.entries(settings.dynamic).map(([name, value]) => [name, [{ value }]]));
  mkdirSync(path.join(folder, 'config'), { recursive: true });
  writeFileSync(path.join(folder, 'dynamic.yaml'), JSON.stringify(dynamic));
  writeFileSync(path.join(folder, 'config/bench.yaml'), JSON.stringify(configuration(settings, environment, ports)));
  return {
    name: 'temporal',
    command: [server, '--root', folder, '--config', 'config', '--env', 'bench', '--allow-no-auth', 'start'],
    environment: { PATH: process.env.PATH, HOME: process.env.HOME },
    ready: () => reachable(addressOf(ports)),
  };
}

function configuration({ plugin }: ServerSettings, { folder, superuserUrl }: ServerEnvironment, ports: ServerPorts) {
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
  { folder }: ServerEnvironment,
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
