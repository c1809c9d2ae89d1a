import { proxyLocalActivities } from '@temporalio/workflow';
import type { PlacedOrder } from '../order.ts';
import type { Outcome } from '../saga.ts';
import type { Floor } from './worker.ts';

const { placeInOneGo } = proxyLocalActivities<Floor>({ startToCloseTimeout: '10s' });

export const orderWorkflow = (order: PlacedOrder): Promise<Outcome> => placeInOneGo(order);
