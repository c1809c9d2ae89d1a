import type { Money } from '../../activities/money.ts';
import { type Parser, record } from '../incoming/parsing.ts';
import { money, uuid } from '../incoming/values.ts';

/** What the workflow about a failed refund is started with. */
export interface FailedRefundInput {
  refundId: string;
  orderId: string;
  amount: Money;
  /** Of which hold it was to be paid back. Absent: of the order's first. */
  holdId?: string | undefined;
}
export const failedRefundInput: Parser<FailedRefundInput> = record(
  { refundId: uuid, orderId: uuid, amount: money },
  { optional: { holdId: uuid }, others: 'left out' },
);

/** What of a refund goes back to one hold fails once, however many events come about it. */
export const failedRefundWorkflowId = ({ refundId, holdId }: Pick<FailedRefundInput, 'refundId' | 'holdId'>): string =>
  `failed-refund-${refundId}${holdId === undefined ? '' : `-${holdId}`}`;
