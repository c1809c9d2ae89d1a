import type { Rejection, RejectionCode } from '../../../activities/order-status.ts';
import { type EndedOrder, whatIsLeft } from './ended-order.ts';
import { type Template, nameOf } from './layout.ts';

const REASONS: Readonly<Record<RejectionCode, string>> = {
  OutOfStock: 'Something you ordered is sold out.',
  CardDeclined: 'Your card was declined. Your bank can tell you why. You can also try another card.',
  InsufficientFunds: 'There was not enough money on your card.',
  PaymentNotCompleted: 'The payment was not confirmed in time, or your bank refused it.',
  AddressUndeliverable: 'Our carrier cannot deliver to the address you gave.',
  CartChanged: 'Your cart changed in the meantime, perhaps through another order of yours.',
  ServiceUnavailable: 'Something went wrong on our side. Please try again a little later.',
};

export const rejected: Template<EndedOrder & { rejection: Rejection }> = ({ rejection, ...order }) => ({
  subject: 'We could not accept your order',
  paragraphs: [
    `We are sorry: your order ${nameOf(order)} could not be accepted.`,
    REASONS[rejection.code],
    ...whatIsLeft(order),
  ],
});
