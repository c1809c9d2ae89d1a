import { type OrderReference, type Template, nameOf } from './layout.ts';

type Unconfirmed = OrderReference & { url: string | null; expiresAt: string };

export const confirmPayment: Template<Unconfirmed> = ({ url, expiresAt, ...order }) => ({
  subject: 'Please confirm your payment',
  paragraphs: [
    `Your bank asks you to confirm the payment of your order ${nameOf(order)}.`,
    url === null ? 'Open the order in our shop to do so.' : `Do so here: ${url}`,
    `We keep the goods for you until ${time(expiresAt)}. Nothing is charged before you confirm.`,
  ],
});

/** "14:05 UTC on 3 May 2026" */
function time(at: string): string {
  const date = new Date(at);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${date.toISOString().slice(11, 16)} UTC on ${day}`;
}
