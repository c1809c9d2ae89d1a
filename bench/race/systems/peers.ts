import path from 'node:path';
import { DATABASES } from '../../../services/registry.ts';
import type { Plan } from '../children.ts';
import type { Stage } from '../stage.ts';
import { peerProcess } from '../process-plans.ts';

/** The databases of every peer: the platform's for inventory, payment and shipping, and an order table of its own. */
export const PEER_DATABASES = [
  DATABASES.inventory,
  DATABASES.payment,
  DATABASES.shipping,
  { name: 'order' as const, migrations: path.join(import.meta.dirname, '../peers/migrations'), appendOnly: [] },
];

/** The processes that carry out the steps beside the order’s, at every system. */
export const STEP_PROCESSES = ['inventory', 'payment', 'shipping'] as const;

/** The inventory, payment and shipping services, each a process with an HTTP API. */
export const httpServices = (stage: Stage): Plan[] =>
  STEP_PROCESSES.map((service) => peerProcess(service, ['bench/race/peers/http-service.ts', service], stage));
