import { productRequests } from '../../../activities/product.ts';
import { type DatabaseName, DATABASES } from '../../../services/registry.ts';
import { createClient } from '../../../platform/http/client.ts';
import { portSetting, gatewayPlan, servicePlans } from '../../../local/processes.ts';
import type { Plan } from '../children.ts';
import type { Door } from '../load.ts';
import { GOODS } from '../orders.ts';
import { profiled } from '../profile.ts';
import type { Needs, Stage } from '../stage.ts';
import { frontPlan, planOf } from '../stand-ins.ts';
import { platformSettings } from '../temporal/settings.ts';
import { historyEvents } from './temporal.ts';
import { type System, frontDoor } from './system.ts';

export const LANES = ['durable', 'local-first', 'express'] as const;
export type Lane = (typeof LANES)[number];

/** The services an order needs; those that only listen to its events belong to no peer's work. */
const NEEDED = ['inventory', 'order', 'payment', 'shipping'] as const;
/** With those that a customer at the API needs. */
const AT_THE_API = [...NEEDED, 'user', 'product', 'gateway'] as const;

const SHIPPED =
  'each service a process with the settings it ships with; Temporal with postgres12_pgx and the settings of deploy/temporal-dynamic-config.yaml';

/** This platform with every service a process of its own, on one lane, behind the same bare front as its peers. */
export const platform = (lane: Lane, profile?: string): System => ({
  row: lane,
  setUp: `${SHIPPED}; the gateway’s own placing behind the same bare front as its peers`,
  needs: needs(lane, NEEDED),
  async start(stage) {
    await stage.processes.startAll(plansOf(stage, NEEDED, profile));
    await stage.processes.start(
      frontPlan(['--import', './platform/telemetry/tracing.ts', 'bench/race/platform-front.ts'], stage),
    );
    return frontDoor(stage);
  },
  historyEvents,
});

/** The row of a lane as customers meet it. */
export const behindGateway = (lane: Lane): string => `${lane}-gateway`;

/** The same behind the whole API: signed in, priced, and with answers kept for those who ask again. */
export const platformBehindGateway = (lane: Lane, profile?: string): System => ({
  row: behindGateway(lane),
  setUp: `${SHIPPED}; through the whole API: token checked, lines priced, idempotency record written`,
  needs: needs(lane, AT_THE_API),
  async start(stage) {
    await stage.processes.startAll(plansOf(stage, AT_THE_API, profile));
    return gatewayDoor(stage);
  },
  historyEvents,
});

const needs = (lane: Lane, names: readonly DatabaseName[]): Needs => ({
  databases: names.map((name) => DATABASES[name]),
  temporal: platformSettings(),
  environment: { ORDER_LANE: lane },
});

const plansOf = ({ surroundings }: Stage, names: readonly string[], profile: string | undefined): Plan[] =>
  [...servicePlans(surroundings, true), gatewayPlan(surroundings)]
    .filter(({ name }) => names.includes(name))
    .map(planOf)
    .map((plan) =>
      profile ? { ...plan, environment: { ...plan.environment, ...profiled(profile, plan.name) } } : plan,
    );

/** The API as a customer uses it: signed in, every order under a key of its own, waiting for the outcome. */
async function gatewayDoor(stage: Stage): Promise<Door> {
  const { ports, secrets } = stage.surroundings;
  const urls = [`http://127.0.0.1:${ports[portSetting('product')]}`];
  const address = { service: 'product', urls, token: secrets.serviceToken };
  const products = createClient(address, 'requests', productRequests);
  for (const { sku, name, unitPrice: price } of GOODS) await products.createProduct({ sku, name, price });

  const url = `http://127.0.0.1:${ports.PORT}`;
  const email = 'bench@example.com';
  const password = 'correct horse battery';
  await ask(`${url}/v1/users`, { email, password, name: 'Bench' });
  const { accessToken } = (await ask(`${url}/v1/sessions`, { email, password })) as { accessToken: string };
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

async function ask(url: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
