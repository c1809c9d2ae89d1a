import type { Template } from './layout.ts';

export const canceled: Template<{ orderId: string }> = ({ orderId }) => ({
  subject: 'Your order is canceled',
  paragraphs: [
    `Your order ${orderId} is canceled.`,
    'Nothing has been charged. Any money reserved on your card has been released; your bank may take a few days to show it.',
  ],
});
