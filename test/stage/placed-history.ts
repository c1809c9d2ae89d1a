/** The story of an order up to `confirmed`, where nothing went wrong: the same in every lane. */
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
