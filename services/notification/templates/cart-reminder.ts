import { type Template, pieces } from './letter.ts';

export const cartReminder: Template<{ lines: { sku: string; quantity: number }[] }> = ({ lines }) => ({
  subject: 'There is something in your cart',
  paragraphs: [
    'You left these in your cart, and they are still there:',
    'Prices and stock are those of today when you come back. We write about this cart only once.',
  ],
  list: pieces(lines),
});
