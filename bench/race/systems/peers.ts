import path from 'node:path';
import { DATABASES } from '../../../services/registry.ts';
import type { Plan } from '../children.ts';
import type { Stage } from '../stage.ts';
import { inPlaceOf } from '../stand-ins.ts';

/** What every peer stands on: the platform's inventory, payment and shipping, and an order table of its own. */
export const PEER_DATABASES = [
  DATABASES.inventory,
  DATABASES.payment,
  DATABASES.shipping,
  { name: 'order' as const, migrations: path.join(import.meta.dirname, '../peers/migrations'), appendOnly: [] },
];

/** The three services other than the order's own, each a process behind an HTTP door. */
export const doorPlans = (stage: Stage): Plan[] =>
  ['inventory', 'payment', 'shipping'].map((service) =>
    inPlaceOf(service, ['bench/race/peers/door.ts', service], stage),
  );
