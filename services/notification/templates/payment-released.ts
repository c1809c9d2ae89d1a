import type { Money } from '../../../activities/money.ts';
import { moneyInWords } from '../../../activities/money-in-words.ts';
import { type OrderReference, type Template, nameOf } from './layout.ts';

export const paymentReleased: Template<OrderReference & { total: Money }> = ({ total, ...order }) => ({
  subject: 'Your payment came too late and is released',
  paragraphs: [
    `You confirmed the payment of your order ${nameOf(order)} after the order had ended.`,
    `Nothing was charged: the ${moneyInWords(total)} that your bank had reserved are free again. It may take your bank a few days to show it.`,
    'Please order again if you still want the goods.',
  ],
});
