import type { Template } from './letter.ts';

export const delivered: Template<{ orderId: string }> = ({ orderId }) => ({
  subject: 'Your parcel has arrived',
  paragraphs: [
    `Your order ${orderId} has been delivered. We hope you like it.`,
    'If something is not right you can send it back: ask for a return of the order, and we refund what comes back.',
  ],
});
