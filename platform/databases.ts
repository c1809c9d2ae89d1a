import path from 'node:path';
import type { ServiceDatabase } from './database/connection.ts';
import type { DatabasePlan } from './database/provision.ts';

const root = path.join(import.meta.dirname, '..');

const plan = (name: ServiceDatabase, appendOnly: string[]): DatabasePlan => ({
  name,
  migrations: path.join(root, name === 'gateway' ? 'gateway/migrations' : `services/${name}/migrations`),
  appendOnly,
});

/** Every database of the platform. Of an append-only table the service's own role cannot change or delete a row. */
export const DATABASES: Readonly<Record<ServiceDatabase, DatabasePlan>> = {
  user: plan('user', []),
  product: plan('product', []),
  inventory: plan('inventory', ['stock_ledger']),
  order: plan('order', ['order_history']),
  payment: plan('payment', ['ledger_entries']),
  shipping: plan('shipping', ['movements']),
  cart: plan('cart', ['checkouts']),
  notification: plan('notification', []),
  recommendation: plan('recommendation', []),
  webhook: plan('webhook', []),
  gateway: plan('gateway', []),
};
