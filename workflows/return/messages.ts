import { defineUpdate } from '@temporalio/workflow';
import type { StockLine } from '../../activities/identity.ts';
import type { ReceivedLine } from '../../activities/return.ts';
import { type Parser, list, oneOf, record } from '../incoming/parsing.ts';
import { stockFields, stockLines, uuid } from '../incoming/values.ts';

/** What the return workflow is started with. */
export interface ReturnInput {
  returnId: string;
  orderId: string;
  customerId: string;
  lines: StockLine[];
}
export const returnInput: Parser<ReturnInput> = record(
  { returnId: uuid, orderId: uuid, customerId: uuid, lines: stockLines },
  { others: 'left out' },
);

export const returnWorkflowId = (returnId: string): string => `return-${returnId}`;

/** The goods of a return are back. The validator refuses `AlreadyReceived`, `NotInReturn` and `InvalidRequest`. */
export const receiveReturnUpdate = defineUpdate<void, [ReceivedGoods]>('receiveReturn');
export interface ReceivedGoods {
  lines: ReceivedLine[];
}
const receivedLine: Parser<ReceivedLine> = record({ ...stockFields, condition: oneOf('resellable', 'damaged') });
/** Every line of a return may come back in either condition. */
export const receivedGoods: Parser<ReceivedGoods> = record(
  { lines: list(receivedLine, { min: 1, max: 4_000 }) },
  { others: 'left out' },
);
