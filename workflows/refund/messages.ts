import type { Money } from '../../activities/money.ts';
import { type Parser, record } from '../incoming/parsing.ts';
import { money, uuid } from '../incoming/values.ts';

/** What the workflow of a refund without a return is started with. */
export interface RefundInput {
  refundId: string;
  orderId: string;
  amount: Money;
}
export const refundInput: Parser<RefundInput> = record(
  { refundId: uuid, orderId: uuid, amount: money },
  { others: 'left out' },
);

export const refundWorkflowId = (refundId: string): string => `refund-${refundId}`;
