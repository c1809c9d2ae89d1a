import { type Parser, record } from '../incoming/parsing.ts';
import { uuid } from '../incoming/values.ts';

/** What the workflow about a late payment is started with. */
export interface LatePaymentInput {
  orderId: string;
}
export const latePaymentInput: Parser<LatePaymentInput> = record({ orderId: uuid }, { others: 'left out' });

/** An order's payment is voided once, so it is late once, however many events come about it. */
export const latePaymentWorkflowId = (orderId: string): string => `late-payment-${orderId}`;
