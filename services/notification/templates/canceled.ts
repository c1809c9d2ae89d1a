import type { Template } from './letter.ts';

export const canceled: Template<{ orderId: string }> = ({ orderId }) => ({
  subject: 'Your order is canceled',
  paragraphs: [
    `Your order ${orderId} is canceled.`,
    'Nothing has been charged. Money that was set aside on your card is free again, which banks show within days.',
  ],
});
