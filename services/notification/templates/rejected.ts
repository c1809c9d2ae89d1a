import type { Rejection, RejectionCode } from '../../../activities/order-status.ts';
import type { Template } from './layout.ts';

const REASONS: Readonly<Record<RejectionCode, string>> = {
  OutOfStock: 'Something you ordered is sold out.',
  CardDeclined: 'Your card was declined. Your bank can tell you why. You can also try another card.',
  InsufficientFunds: 'There was not enough money on your card.',
  AddressUndeliverable: 'Our carrier cannot deliver to the address you gave.',
  CartChanged: 'Your cart changed in the meantime, perhaps through another order of yours.',
  ServiceUnavailable: 'Something went wrong on our side. Please try again a little later.',
};

export const rejected: Template<{ orderId: string; rejection: Rejection }> = ({ orderId, rejection }) => ({
  subject: 'We could not accept your order',
  paragraphs: [
    `We are sorry: your order ${orderId} could not be accepted.`,
    REASONS[rejection.code],
    'Nothing has been charged. Any money reserved on your card has been released; your bank may take a few days to show it.',
  ],
});
