import type { Template } from './layout.ts';

export const delivered: Template<{ orderId: string }> = ({ orderId }) => ({
  subject: 'Your parcel has arrived',
  paragraphs: [
    `Your order ${orderId} has been delivered. We hope you like it.`,
    'If something is not right, you can send it back: request a return of the order, and we refund what you send back.',
  ],
});
