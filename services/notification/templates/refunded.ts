import type { Money } from '../../../activities/money.ts';
import { type Template, amount } from './letter.ts';

export const refunded: Template<{ orderId: string; refund: Money }> = ({ orderId, refund }) => ({
  subject: `We have refunded ${amount(refund)}`,
  paragraphs: [
    `What you sent back from your order ${orderId} has arrived.`,
    `We have refunded ${amount(refund)} to the card you paid with, which banks show within days.`,
  ],
});
