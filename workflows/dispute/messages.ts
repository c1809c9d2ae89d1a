import { defineSignal } from '@temporalio/workflow';
import { type Parser, orAbsent, record, string } from '../incoming/parsing.ts';
import { uuid } from '../incoming/values.ts';

/** What the workflow about a dispute is started with. `disputeId`: the card processor's. */
export interface DisputeInput {
  disputeId: string;
  orderId: string;
}
export const disputeInput: Parser<DisputeInput> = record(
  { disputeId: string({ pattern: /^[A-Za-z0-9_]{1,100}$/, wanted: 'the id of a dispute' }), orderId: uuid },
  { others: 'left out' },
);

export const disputeWorkflowId = (disputeId: string): string => `dispute-${disputeId}`;

/** The processor has an event about the dispute: how it stands is asked. It may come at any time and more than once. */
export const disputeMovedSignal = defineSignal<[DisputeMoved]>('disputeMoved');
export type DisputeMoved = Record<string, never>;
export const disputeMoved: Parser<DisputeMoved> = orAbsent(record({}, { others: 'left out' }), {});
