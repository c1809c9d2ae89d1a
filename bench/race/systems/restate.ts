import http2 from 'node:http2';
import path from 'node:path';
import { takePorts } from '../../../platform/ports.ts';
import { REGISTRY } from '../../../services/registry.ts';
import { portSetting } from '../../../local/processes.ts';
import { STEP_SERVICES } from '../peers/steps.ts';
import { postJson } from '../../post-json.ts';
import { isOk } from '../children.ts';
import type { Stage } from '../stage.ts';
import { peerProcess } from '../process-plans.ts';
import { PEER_DATABASES, STEP_PROCESSES } from './peers.ts';
import type { System } from './system.ts';

/** Restate, with a Restate service for each service of the platform. */
export const restate: System = {
  row: 'restate',
  setUp:
    'one handler calls a service per step over bidirectional HTTP/2, idempotent by the order’s id; its own log fsynced, default settings; clients call its ingress directly',
  needs: {
    databases: PEER_DATABASES,
    proxyKinds: Object.fromEntries(STEP_SERVICES.map((service) => [service, 'http2'])),
  },
  async start(stage) {
    const { ingressPort, admin } = await startServer(stage);
    const port = await stage.openProxy('restate', 'http', ingressPort);
    admins.set(stage, admin);
    await stage.processes.startAll(
      STEP_SERVICES.map((service) => {
        const plan = peerProcess(service, ['bench/race/peers/restate/service.ts', service], stage);
        const url = endpoint(stage, service);
        // Restate keeps an endpoint that it knows without asking it again.
        const ready = async () => {
          await answers(url);
          await register(admin, url);
        };
        return { ...plan, ready };
      }),
    );
    return {
      url: `http://127.0.0.1:${port}`,
      request: (order) => ({
        path: '/order/place',
        headers: { 'content-type': 'application/json', 'idempotency-key': order.orderId },
        body: JSON.stringify(order),
      }),
    };
  },
  underFaults: {
    services: STEP_PROCESSES,
    deciders: ['order', 'restate'],
    resumes: true,
    unfinished,
    repair,
    lookAt: 'its console, or a query of the table `sys_invocation`',
  },
};

const admins = new WeakMap<Stage, string>();

interface Invocation {
  id: string;
  target_service_name: string;
  idempotency_key: string | null;
  status: string;
  last_failure: string | null;
}

async function invocations(stage: Stage): Promise<Invocation[]> {
  const query = `select id, target_service_name, idempotency_key, status, last_failure from sys_invocation
                 where status <> 'completed'`;
  const response = await fetch(`${admins.get(stage)}/query`, {
    method: 'POST',
    // Otherwise it sends Arrow.
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query }),
  });
  return ((await response.json()) as { rows: Invocation[] }).rows;
}

/** By its own query interface. An order's invocation has the order's id as its idempotency key. */
async function unfinished(stage: Stage): Promise<Map<string, string>> {
  const orders = (await invocations(stage)).filter(({ idempotency_key }) => idempotency_key !== null);
  return new Map(
    orders.map(({ idempotency_key, status, last_failure }) => [idempotency_key!, `${status}: ${last_failure ?? ''}`]),
  );
}

/** Resumes what it has paused after too many attempts. */
async function repair(stage: Stage): Promise<void> {
  const paused = (await invocations(stage)).filter(({ status }) => status === 'paused');
  for (const { id } of paused) {
    await fetch(`${admins.get(stage)}/invocations/${id}/resume`, { method: 'PATCH' });
  }
}

async function startServer({ processes, surroundings: { dataFolder } }: Stage) {
  const ports = await takePorts({ ingress: 0, admin: 0, node: 0 });
  const [ingress, admin] = [ports.ingress, ports.admin].map((port) => `http://127.0.0.1:${port}`);
  await processes.start({
    name: 'restate',
    command: [binary(), '--no-logo', '--base-dir', path.join(dataFolder, 'restate')],
    environment: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      RESTATE_BIND_IP: '127.0.0.1',
      RESTATE_LISTEN_MODE: 'tcp',
      RESTATE_BIND_PORT: String(ports.node),
      RESTATE_INGRESS__BIND_PORT: String(ports.ingress),
      RESTATE_ADMIN__BIND_PORT: String(ports.admin),
      RESTATE_NODE_NAME: 'bench',
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_DISABLE_TELEMETRY: 'true',
    },
    ready: async () => {
      await isOk(`${admin}/health`)();
      await isOk(`${ingress}/restate/health`)();
    },
  });
  return { ingressPort: ports.ingress, admin: admin! };
}

const binary = (): string =>
  path.join(
    import.meta.dirname,
    `../../node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );

const endpoint = ({ surroundings: { ports } }: Stage, service: keyof typeof REGISTRY): string =>
  `http://127.0.0.1:${ports[portSetting(service)]}`;

/** Rejects unless there is an answer over HTTP/2. */
async function answers(url: string): Promise<void> {
  const session = http2.connect(url);
  session.on('error', () => undefined);
  try {
    const stream = session.request({ ':path': '/health' });
    stream.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      stream.once('response', () => resolve());
      stream.once('close', () => reject(new Error(`no answer from ${url}`)));
    });
  } finally {
    session.destroy();
  }
}

/** Rejects until Restate can reach the endpoint. */
const register = (admin: string, uri: string): Promise<unknown> => postJson(`${admin}/deployments`, { uri });
