import { defineSearchAttributeKey } from '@temporalio/common';
import { defineUpdate } from '@temporalio/workflow';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';

/** The task queue on which the order service's worker runs the order and return workflows. */
export const ORDER_TASK_QUEUE = 'order';

/** A person's answer to an intervention. The validator refuses `InterventionClosed` where it is not open. */
export const resolveInterventionUpdate = defineUpdate<void, [Resolution]>('resolveIntervention');
export interface Resolution {
  interventionId: string;
  action: InterventionAction;
  note: string;
  resolvedBy: string;
}

/** Filters for the Temporal Web UI's lists. */
export const orderStatusAttribute = defineSearchAttributeKey('OrderStatus', 'KEYWORD');
export const customerIdAttribute = defineSearchAttributeKey('CustomerId', 'KEYWORD');
