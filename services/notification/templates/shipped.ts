import type { Template } from './layout.ts';

export const shipped: Template<{ orderId: string; trackingNumber: string | null }> = ({ orderId, trackingNumber }) => ({
  subject: 'Your parcel is on its way',
  paragraphs: [
    `Your order ${orderId} has left our warehouse.`,
    ...(trackingNumber ? [`The carrier's tracking number is ${trackingNumber}.`] : []),
    'Your card is now charged.',
  ],
});
