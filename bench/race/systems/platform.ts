import { orderRequests } from '../../../activities/order.ts';
import { productRequests } from '../../../activities/product.ts';
import { type DatabaseName, DATABASES } from '../../../services/registry.ts';
import { createClient } from '../../../platform/http/client.ts';
import { portSetting, gatewayPlan, servicePlans } from '../../../local/processes.ts';
import { postJson } from '../../post-json.ts';
import type { Plan } from '../children.ts';
import type { OrderEndpoint } from '../load.ts';
import { GOODS } from '../orders.ts';
import { profilingEnvironment } from '../profile.ts';
import { behindGateway } from '../result.ts';
import type { Needs, Stage } from '../stage.ts';
import { frontProcess, platformProcess } from '../process-plans.ts';
import { STEP_PROCESSES } from './peers.ts';
import { platformSettings } from '../temporal/settings.ts';
import { countWorkflows, historyEvents } from './temporal.ts';
import { type System, frontEndpoint } from './system.ts';

export const LANES = ['durable', 'local-first', 'express'] as const;
export type Lane = (typeof LANES)[number];

/** The services that process an order. Services that only receive its events do work that no peer does. */
const ORDER_SERVICES = ['inventory', 'order', 'payment', 'shipping'] as const;
/** The processes for the whole API. */
const API_PROCESSES = [...ORDER_SERVICES, 'user', 'product', 'gateway'] as const;

const SHIPPED =
  'each service a process with its shipped settings; Temporal with postgres12_pgx and the settings of deploy/temporal-dynamic-config.yaml';

/** This platform with every service in a process of its own, on one lane, behind the same minimal front as its peers. */
export const platform = (lane: Lane, profile?: string): System => ({
  row: lane,
  setUp: `${SHIPPED}; the gateway’s own code for placing orders, behind the same minimal front as its peers`,
  needs: needs(lane, ORDER_SERVICES),
  async start(stage) {
    await stage.processes.startAll(plansOf(stage, ORDER_SERVICES, profile));
    await stage.processes.start(
      frontProcess(['--import', './platform/telemetry/tracing.ts', 'bench/race/platform-front.ts'], stage),
    );
    return frontEndpoint(stage);
  },
  historyEvents,
  countWorkflows,
  ...(lane === 'express' && { countAtOnce }),
  // With more, a customer would wait longer than the order service lets one wait.
  ...(lane === 'durable' && { mostClients: 64 }),
  flash: lane !== 'durable',
  life: frontEndpoint,
  underFaults: {
    services: STEP_PROCESSES,
    deciders: ['order', 'front', 'temporal'],
    resumes: true,
    unfinished,
    lookAt: '`GET /v1/orders/{id}/history`, the workflow in the Temporal Web UI, `npm run reconcile`',
  },
});

/** The recorded orders that are not decided, with the last entry of their history. */
async function unfinished({ surroundings: { ports, secrets } }: Stage): Promise<Map<string, string>> {
  const urls = [`http://127.0.0.1:${ports[portSetting('order')]}`];
  const orders = createClient({ service: 'order', urls, token: secrets.serviceToken }, 'requests', orderRequests);
  const found = new Map<string, string>();
  let after: string | undefined;
  do {
    const { items, next } = await orders.listBooks({ limit: 100, ...(after && { after }) });
    for (const { orderId, status } of items.filter(
      (order) => order.status !== 'confirmed' && order.status !== 'rejected',
    )) {
      const { step, outcome, detail = '' } = (await orders.getHistory({ orderId })).items.at(-1)!;
      found.set(orderId, `${status}: ${step} ${outcome} ${detail}`.trim());
    }
    after = next ?? undefined;
  } while (after);
  return found;
}

/** The same behind the whole API: with authentication, pricing and idempotency records. */
export const platformBehindGateway = (lane: Lane, profile?: string): System => ({
  row: behindGateway(lane),
  setUp: `${SHIPPED}; through the whole API: token checked, lines priced, idempotency record written`,
  needs: needs(lane, API_PROCESSES),
  async start(stage) {
    await stage.processes.startAll(plansOf(stage, API_PROCESSES, profile));
    return gatewayEndpoint(stage);
  },
  historyEvents,
  countWorkflows,
  ...(lane === 'express' && { countAtOnce }),
  // With more, the gateway may refuse orders in the slower lanes.
  mostClients: 64,
});

/** By the order service's own count. */
async function countAtOnce({ surroundings: { ports } }: Stage): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${ports[portSetting('order')]}/metrics`);
  const sample = /^express_attempts_total\{.*outcome="confirmed".*\} (\d+)$/m.exec(await response.text());
  return Number(sample?.[1] ?? 0);
}

const needs = (lane: Lane, names: readonly DatabaseName[]): Needs => ({
  databases: names.map((name) => DATABASES[name]),
  temporal: platformSettings(),
  // At the full hour a comparison of the books would take part in the race.
  environment: { ORDER_LANE: lane, RECONCILE_EVERY_MINUTES: '0' },
});

const plansOf = ({ surroundings }: Stage, names: readonly string[], profile: string | undefined): Plan[] =>
  [...servicePlans(surroundings, true), gatewayPlan(surroundings)]
    .filter(({ name }) => names.includes(name))
    .map(platformProcess)
    .map((plan) =>
      profile ? { ...plan, environment: { ...plan.environment, ...profilingEnvironment(profile, plan.name) } } : plan,
    );

/** The API as a customer uses it: signed in, with an idempotency key per order, waiting for the outcome. */
async function gatewayEndpoint(stage: Stage): Promise<OrderEndpoint> {
  const { ports, secrets } = stage.surroundings;
  const urls = [`http://127.0.0.1:${ports[portSetting('product')]}`];
  const address = { service: 'product', urls, token: secrets.serviceToken };
  const products = createClient(address, 'requests', productRequests);
  for (const { sku, name, unitPrice: price } of GOODS) await products.createProduct({ sku, name, price });

  const url = `http://127.0.0.1:${ports.PORT}`;
  const email = 'bench@example.com';
  const password = 'correct horse battery';
  await postJson(`${url}/v1/users`, { email, password, name: 'Bench' });
  const { accessToken } = await postJson<{ accessToken: string }>(`${url}/v1/sessions`, { email, password });
  return {
    url,
    request: ({ orderId, lines, shippingAddress, paymentMethod }) => ({
      path: '/v1/orders',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${accessToken}`,
        'idempotency-key': orderId,
        prefer: 'wait=30',
      },
      body: JSON.stringify({
        lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
        shippingAddress,
        paymentMethod,
      }),
    }),
  };
}
