import type { z } from 'zod';
import { inventoryActivities, inventoryRequests } from '../../activities/inventory.ts';
import { type Service, defineService } from '../../platform/service.ts';
import { REGISTRY } from '../registry.ts';
import { createInventoryActivities } from './activities.ts';
import type { InventoryDatabase } from './database.ts';
import { createInventoryRequests } from './requests.ts';

/** Stock on hand and its reservations for orders. */
export const inventory: Service = defineService<InventoryDatabase, z.ZodRawShape>(REGISTRY, {
  name: 'inventory',
  settings: {},
  create: ({ db }) => ({
    requests: { operations: inventoryRequests, implementation: createInventoryRequests(db) },
    activities: { operations: inventoryActivities, implementation: createInventoryActivities(db) },
  }),
});
