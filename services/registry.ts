import path from 'node:path';
import { httpUrls } from '../platform/config.ts';
import type { DatabasePlan } from '../platform/database/provision.ts';
import type { RegisteredService } from '../platform/service.ts';

interface Entry extends RegisteredService {
  /** Append-only tables: the service's database role can neither update nor delete their rows. */
  appendOnly: readonly string[];
}

/**
 * All services, with what other processes and `npm start` need to know about them. The settings `<NAME>_PORT`,
 * `<NAME>_URL` and `<NAME>_DATABASE_URL`, the database, the migrations and the task queue follow from the name.
 */
export const REGISTRY = {
  user: { port: 4101, publishes: true, subscribesTo: [], appendOnly: [] },
  product: { port: 4102, publishes: true, subscribesTo: [], appendOnly: [] },
  inventory: { port: 4103, publishes: true, subscribesTo: [], appendOnly: ['stock_ledger'], usesTemporal: true },
  order: {
    port: 4104,
    publishes: true,
    subscribesTo: ['user'],
    appendOnly: ['order_history', 'order_notes'],
    usesTemporal: true,
  },
  payment: { port: 4105, publishes: true, subscribesTo: [], appendOnly: ['ledger_entries'], usesTemporal: true },
  shipping: { port: 4106, publishes: true, subscribesTo: [], appendOnly: ['movements'], usesTemporal: true },
  cart: { port: 4107, publishes: true, subscribesTo: ['cart'], appendOnly: ['checkouts'], usesTemporal: true },
  notification: { port: 4108, publishes: false, subscribesTo: ['user', 'order', 'cart'], appendOnly: [] },
  recommendation: { port: 4109, publishes: false, subscribesTo: ['order'], appendOnly: [] },
  webhook: { port: 4110, publishes: false, subscribesTo: ['order'], appendOnly: [], usesTemporal: true },
} as const satisfies Record<string, Entry>;

export type ServiceName = keyof typeof REGISTRY;
export const SERVICES = Object.keys(REGISTRY) as ServiceName[];

/** Whether the service's process connects to Temporal. */
export const usesTemporal = (service: ServiceName): boolean => 'usesTemporal' in REGISTRY[service];

/** The setting `<NAME>_URL`: one or more addresses of a service's HTTP API, which requests rotate over. */
export const urlsOf = (service: ServiceName) => httpUrls(`http://127.0.0.1:${REGISTRY[service].port}`);

/** Each service's database has the service's name. The gateway has a database too. */
export type DatabaseName = ServiceName | 'gateway';

const root = path.join(import.meta.dirname, '..');

/** All databases of the platform. */
export const DATABASES = {
  ...Object.fromEntries(
    SERVICES.map((name) => [name, plan(name, `services/${name}/migrations`, REGISTRY[name].appendOnly)]),
  ),
  gateway: plan('gateway', 'gateway/migrations', ['audit_entries', 'audit_outcomes']),
} as Readonly<Record<DatabaseName, DatabasePlan<DatabaseName>>>;

function plan(name: DatabaseName, migrations: string, appendOnly: readonly string[]): DatabasePlan<DatabaseName> {
  return { name, migrations: path.join(root, migrations), appendOnly };
}
