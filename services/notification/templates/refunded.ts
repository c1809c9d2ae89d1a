import type { Money } from '../../../activities/money.ts';
import { moneyInWords } from '../../../activities/money-in-words.ts';
import { type OrderReference, type Template, nameOf } from './layout.ts';

export const refunded: Template<OrderReference & { refund: Money }> = ({ refund, ...order }) => {
  const arrived = `What you sent back from your order ${nameOf(order)} has arrived.`;
  return refund.amountMinor === 0
    ? { subject: 'What you sent back has arrived', paragraphs: [arrived, 'You had paid nothing for it.'] }
    : {
        subject: `We have refunded ${moneyInWords(refund)}`,
        paragraphs: [
          arrived,
          `We have refunded ${moneyInWords(refund)} to the card you paid with. It may take your bank a few days to show it.`,
        ],
      };
};
