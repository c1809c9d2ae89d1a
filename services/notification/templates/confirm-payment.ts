import { type OrderReference, type Template, nameOf } from './layout.ts';
import { timeInWords } from './time.ts';

type Unconfirmed = OrderReference & { url: string | null; expiresAt: string };

export const confirmPayment: Template<Unconfirmed> = ({ url, expiresAt, ...order }) => ({
  subject: 'Please confirm your payment',
  paragraphs: [
    `Your bank asks you to confirm the payment of your order ${nameOf(order)}.`,
    url === null ? 'Open the order in our shop to do so.' : `Do so here: ${url}`,
    `We keep the goods for you until ${timeInWords(expiresAt)}. Nothing is charged before you confirm.`,
  ],
});
