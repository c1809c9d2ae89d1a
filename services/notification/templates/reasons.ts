import type { RejectionCode } from '../../../activities/order-status.ts';

/** Why an order was not accepted, or could not go on, in words for its customer. */
export const REASONS: Readonly<Record<RejectionCode, string>> = {
  OutOfStock: 'Something you ordered is sold out.',
  CardDeclined: 'Your card was declined. Your bank can tell you why. You can also try another card.',
  InsufficientFunds: 'There was not enough money on your card.',
  PaymentNotCompleted: 'The payment was not confirmed in time, or your bank refused it.',
  AuthorizationExpired:
    'The money for it was not reserved on your card any more, and we were not given another payment method in time.',
  AddressUndeliverable: 'Our carrier cannot deliver to the address you gave.',
  CartChanged: 'Your cart changed in the meantime, perhaps through another order of yours.',
  ServiceUnavailable: 'Something went wrong on our side. Please try again a little later.',
};
