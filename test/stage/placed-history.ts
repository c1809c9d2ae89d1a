/** The order history up to `confirmed` if nothing goes wrong. It is the same in every lane. */
export const PLACED_HISTORY = [
  'record succeeded',
  'reserveStock started',
  'reserveStock succeeded',
  'authorizePayment started',
  'authorizePayment succeeded',
  'bookShipment started',
  'bookShipment succeeded',
  'confirm succeeded',
];
