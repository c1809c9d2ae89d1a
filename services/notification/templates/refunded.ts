import type { Money } from '../../../activities/money.ts';
import { moneyInWords } from '../../../activities/money-in-words.ts';
import type { Template } from './layout.ts';

export const refunded: Template<{ orderId: string; refund: Money }> = ({ orderId, refund }) => ({
  subject: `We have refunded ${moneyInWords(refund)}`,
  paragraphs: [
    `What you sent back from your order ${orderId} has arrived.`,
    `We have refunded ${moneyInWords(refund)} to the card you paid with. It may take your bank a few days to show it.`,
  ],
});
