import { defineSearchAttributeKey } from '@temporalio/common';
import { defineUpdate } from '@temporalio/workflow';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { type Parser, oneOf, record, string } from '../incoming/parsing.ts';
import { uuid } from '../incoming/values.ts';

/** The task queue on which the order service's worker runs the order and return workflows. */
export const ORDER_TASK_QUEUE = 'order';

/**
 * A person's answer to an intervention. The validator refuses `InterventionClosed` where it is not open, `ActionNotAllowed`
 * where its step does not have this action, and `InvalidRequest`.
 */
export const resolveInterventionUpdate = defineUpdate<void, [Resolution]>('resolveIntervention');
export interface Resolution {
  interventionId: string;
  action: InterventionAction;
  note: string;
  resolvedBy: string;
}
// What the order service stores of a text.
const storedText = string({ max: 1000 });
export const resolution: Parser<Resolution> = record(
  {
    interventionId: uuid,
    action: oneOf('retry', 'skip', 'refund_manually', 'collect_manually'),
    note: storedText,
    resolvedBy: storedText,
  },
  { others: 'left out' },
);

/** Filters for the Temporal Web UI's lists. */
export const orderStatusAttribute = defineSearchAttributeKey('OrderStatus', 'KEYWORD');
export const customerIdAttribute = defineSearchAttributeKey('CustomerId', 'KEYWORD');
export const paymentStatusAttribute = defineSearchAttributeKey('PaymentStatus', 'KEYWORD');
export const fulfillmentStatusAttribute = defineSearchAttributeKey('FulfillmentStatus', 'KEYWORD');
/** What an order waits for, as its view has it. */
export const waitsForAttribute = defineSearchAttributeKey('WaitsFor', 'KEYWORD');
