import type { Rejection, RejectionCode } from '../../../activities/order-status.ts';
import type { Template } from './letter.ts';

const REASONS: Readonly<Record<RejectionCode, string>> = {
  OutOfStock: 'Something you ordered has sold out.',
  CardDeclined: 'Your card was declined. Your bank can say why; another card may work at once.',
  InsufficientFunds: 'There was not enough money on your card.',
  AddressUndeliverable: 'Our carrier cannot deliver to the address you gave.',
  CartChanged: 'Your cart had changed in the meantime, perhaps by another order of yours.',
  ServiceUnavailable: 'Something at our end did not work. Please try again a little later.',
};

export const rejected: Template<{ orderId: string; rejection: Rejection }> = ({ orderId, rejection }) => ({
  subject: 'We could not accept your order',
  paragraphs: [
    `We are sorry: your order ${orderId} could not be accepted.`,
    REASONS[rejection.code],
    'Nothing has been charged. Money that was set aside on your card is free again, which banks show within days.',
  ],
});
