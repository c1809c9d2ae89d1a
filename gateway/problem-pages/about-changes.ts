/** Problems of changes of confirmed orders and their parcels. */
export const ABOUT_CHANGES = {
  TooLateToChange: {
    status: 409,
    meaning: 'What was to be changed has left the warehouse, or the order has ended.',
    action: 'Read the order. `allowedActions` says what its customer can still do.',
  },
  NotChangeableNow: {
    status: 409,
    meaning:
      'The order cannot be changed in this way at the moment: it is not confirmed yet, waits for another payment method or for ' +
      'none, or staff must first decide about it.',
    action:
      'Read what the order `waitsFor`, and send the change with a new Idempotency-Key once it waits for something else.',
  },
  LinesDiffer: {
    status: 409,
    meaning: 'The parcels do not hold exactly the pieces of the order that have not left. Nothing was changed.',
    action: 'Read the `parcels` of the order, and divide the pieces of those that are `waiting` or `booked`.',
  },
  NothingToResolve: {
    status: 409,
    meaning: 'The parcel is neither lost nor returned to its sender, or staff has decided about it.',
    action: 'Read the list of parcels. One that is only late can still arrive.',
  },
  OutOfStock: {
    status: 409,
    meaning: 'There are not enough pieces to send the contents of the parcel again. Nothing was changed.',
    action: 'Wait for stock, or decide to refund the parcel.',
  },
  AddressUndeliverable: {
    status: 422,
    meaning: 'The carrier does not deliver to the new address. The order goes where it went before.',
    action: 'Send another address.',
  },
  CardDeclined: {
    status: 422,
    meaning: 'The card was declined. The order still waits for a payment method.',
    action: 'Name another payment method, before the time that `waitsFor` of the order says.',
  },
  InsufficientFunds: {
    status: 422,
    meaning: 'There is not enough money on the card. The order still waits for a payment method.',
    action: 'Name another payment method, before the time that `waitsFor` of the order says.',
  },
  PaymentNotCompleted: {
    status: 422,
    meaning: 'The holder of the card did not confirm the payment. The order still waits for a payment method.',
    action: 'Name another payment method, before the time that `waitsFor` of the order says.',
  },
} as const;
