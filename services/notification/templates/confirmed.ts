import type { StockLine } from '../../../activities/identity.ts';
import type { Money } from '../../../activities/money.ts';
import { type Template, amount, pieces } from './letter.ts';

export const confirmed: Template<{ orderId: string; total: Money; lines: StockLine[] }> = ({
  orderId,
  total,
  lines,
}) => ({
  subject: `Your order is confirmed: ${amount(total)}`,
  paragraphs: [
    `Thank you for your order ${orderId}. It is confirmed, and we are packing:`,
    `The total is ${amount(total)}. It is set aside on your card now and charged when the parcel leaves.`,
    'Until then you can cancel the order free of charge.',
  ],
  list: pieces(lines),
});
