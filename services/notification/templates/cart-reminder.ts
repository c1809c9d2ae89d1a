import { type Template, lineItems } from './layout.ts';

export const cartReminder: Template<{ lines: { sku: string; quantity: number }[] }> = ({ lines }, productNames) => ({
  subject: 'There is something in your cart',
  paragraphs: [
    'You left these in your cart:',
    'Prices and availability may have changed when you come back. We send only one reminder about this cart.',
  ],
  list: lineItems(lines, productNames),
});
