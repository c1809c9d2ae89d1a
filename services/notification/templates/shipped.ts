import type { Template } from './letter.ts';

export const shipped: Template<{ orderId: string; trackingNumber: string | null }> = ({ orderId, trackingNumber }) => ({
  subject: 'Your parcel is on its way',
  paragraphs: [
    `Your order ${orderId} has left our warehouse.`,
    ...(trackingNumber ? [`The carrier knows it as ${trackingNumber}.`] : []),
    'Your card is charged now.',
  ],
});
