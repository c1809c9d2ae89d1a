import type { StockLine } from '../../../activities/identity.ts';
import type { Money } from '../../../activities/money.ts';
import { moneyInWords } from '../../../activities/money-in-words.ts';
import { type Template, lineItems } from './layout.ts';

export const confirmed: Template<{ orderId: string; total: Money; lines: StockLine[] }> = ({
  orderId,
  total,
  lines,
}) => ({
  subject: `Your order is confirmed: ${moneyInWords(total)}`,
  paragraphs: [
    `Thank you for your order ${orderId}. It is confirmed, and we are packing:`,
    `The total is ${moneyInWords(total)}. It is reserved on your card now and charged when the parcel is dispatched.`,
    'Until then you can cancel the order free of charge.',
  ],
  list: lineItems(lines),
});
