import type { StockLine } from '../../../activities/identity.ts';
import type { Money } from '../../../activities/money.ts';
import { moneyInWords } from '../../../activities/money-in-words.ts';
import { type OrderReference, type Template, lineItems, nameOf } from './layout.ts';

type Confirmed = OrderReference & { total: Money; lines: StockLine[] };

export const confirmed: Template<Confirmed> = ({ total, lines, ...order }, productNames) => ({
  subject: `Your order is confirmed: ${moneyInWords(total)}`,
  paragraphs: [
    `Thank you for your order ${nameOf(order)}. It is confirmed, and we are packing:`,
    total.amountMinor === 0
      ? 'There is nothing to pay.'
      : `The total is ${moneyInWords(total)}. It is reserved on your card now and charged when the parcel is dispatched.`,
    'Until then you can cancel the order free of charge.',
  ],
  list: lineItems(lines, productNames),
});
