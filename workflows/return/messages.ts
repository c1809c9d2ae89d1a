import { defineUpdate } from '@temporalio/workflow';
import type { StockLine } from '../../activities/identity.ts';
import type { ReceivedLine } from '../../activities/return.ts';

/** What the return workflow is started with. */
export interface ReturnInput {
  returnId: string;
  orderId: string;
  customerId: string;
  lines: StockLine[];
}

export const returnWorkflowId = (returnId: string): string => `return-${returnId}`;

/** The goods of a return are back. The validator refuses `AlreadyReceived` and `NotInReturn`. */
export const receiveReturnUpdate = defineUpdate<void, [{ lines: ReceivedLine[] }]>('receiveReturn');
