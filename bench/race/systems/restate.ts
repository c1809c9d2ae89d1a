import path from 'node:path';
import { takePorts } from '../../../platform/ports.ts';
import { REGISTRY } from '../../../services/registry.ts';
import { portSetting } from '../../../local/processes.ts';
import { STEP_SERVICES } from '../peers/steps.ts';
import { postJson } from '../../post-json.ts';
import { isOk } from '../children.ts';
import type { Stage } from '../stage.ts';
import { peerProcess } from '../process-plans.ts';
import { PEER_DATABASES } from './peers.ts';
import type { System } from './system.ts';

/** Restate, with a Restate service for each service of the platform. */
export const restate: System = {
  row: 'restate',
  setUp:
    'one handler calls a service per step over bidirectional HTTP/2, idempotent by the order’s id; its own log fsynced, default settings; clients call its ingress directly',
  needs: { databases: PEER_DATABASES },
  async start(stage) {
    const { ingress, admin } = await startServer(stage);
    await stage.processes.startAll(
      STEP_SERVICES.map((service) => {
        const plan = peerProcess(service, ['bench/race/peers/restate/service.ts', service], stage);
        return { ...plan, ready: () => register(admin, endpoint(stage, service)) };
      }),
    );
    return {
      url: ingress,
      request: (order) => ({
        path: '/order/place',
        headers: { 'content-type': 'application/json', 'idempotency-key': order.orderId },
        body: JSON.stringify(order),
      }),
    };
  },
};

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
  return { ingress: ingress!, admin: admin! };
}

const binary = (): string =>
  path.join(
    import.meta.dirname,
    `../../node_modules/@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );

const endpoint = ({ surroundings: { ports } }: Stage, service: keyof typeof REGISTRY): string =>
  `http://127.0.0.1:${ports[portSetting(service)]}`;

/** Rejects until Restate can reach the endpoint. */
const register = (admin: string, uri: string): Promise<unknown> => postJson(`${admin}/deployments`, { uri });
