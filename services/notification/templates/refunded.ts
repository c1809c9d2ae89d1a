import type { Money } from '../../../activities/money.ts';
import { moneyInWords } from '../../../activities/money-in-words.ts';
import { type OrderReference, type Template, nameOf } from './layout.ts';

/** Of a return if it has a `returnId`. */
type Refunded = OrderReference & { refund: Money; returnId?: string; manually?: boolean };

export const refunded: Template<Refunded> = ({ refund, returnId, manually = false, ...order }) => {
  const returned = returnId !== undefined;
  const arrived = `What you sent back from your order ${nameOf(order)} has arrived.`;
  if (refund.amountMinor === 0) {
    return {
      subject: 'What you sent back has arrived',
      paragraphs: [arrived, 'There is nothing left to pay back for it.'],
    };
  }
  const amount = moneyInWords(refund);
  const to = manually
    ? 'It does not come through the card you paid with: our staff has paid it in another way.'
    : 'It goes to the card you paid with. It may take your bank a few days to show it.';
  return {
    subject: `We have refunded ${amount}`,
    paragraphs: returned
      ? [arrived, `We have refunded ${amount}. ${to}`]
      : [`We have refunded ${amount} of your order ${nameOf(order)}. ${to}`],
  };
};
