const nothing = (what: string, where: string) =>
  ({
    status: 404,
    meaning: `There is no ${what} with this id, or it belongs to somebody else.`,
    action: `Check the id against ${where}.`,
  }) as const;

/** Problems of the state of what the request is about. Sent at another time it may succeed. */
export const ABOUT_STATE = {
  UserNotFound: {
    status: 404,
    meaning: 'There is no user with this id, or the account of the access token does not exist (yet).',
    action: 'Check the id against the list at /v1/admin/users. If it is your own account, sign in again.',
  },
  LinkNotFound: {
    status: 404,
    meaning:
      'The link was used before, has expired, was replaced by a later one, or never existed. A link to the orders of a ' +
      'guest also ends when the orders move to an account.',
    action: 'Ask for a new link, and use the one of the last e-mail. Orders of an account are there after signing in.',
  },
  SessionNotFound: nothing('session', 'the list at /v1/sessions'),
  ClientNotFound: nothing('API client', 'the list at /v1/admin/clients'),
  ProductNotFound: {
    status: 404,
    meaning: 'The catalogue has no product with this SKU.',
    action: 'Check the SKU against the list at /v1/products.',
  },
  OrderNotFound: nothing('order', 'the list at /v1/orders'),
  ParcelNotFound: nothing('parcel', 'the list at /v1/admin/parcels'),
  ReturnNotFound: nothing('return', 'the list at /v1/orders/{orderId}/returns'),
  InterventionNotFound: nothing('intervention', 'the list at /v1/admin/interventions'),
  DeadLetterNotFound: nothing('dead letter', 'the list at /v1/admin/dead-letters'),
  MailNotFound: {
    status: 404,
    meaning: 'The customer was sent no e-mail of this kind about this order.',
    action: 'Check the kind against the `template` of the e-mails in /v1/admin/mailbox?orderId=.',
  },
  PaymentMethodNotFound: nothing('saved payment method', 'the list at /v1/users/me/payment-methods'),
  EndpointNotFound: nothing('webhook endpoint', 'the list at /v1/webhook-endpoints'),
  DeliveryNotFound: nothing('delivery', 'the list at /v1/webhook-endpoints/{endpointId}/deliveries'),
  ShipmentNotFound: {
    status: 404,
    meaning: 'No parcel with this tracking number is booked yet. The report is kept and counts once it is.',
    action: 'Send the report again later, with the same id.',
  },
  RequestInProgress: {
    status: 409,
    meaning: 'The first request with this Idempotency-Key is still being carried out.',
    action: 'Repeat the request after the seconds in Retry-After, to get the response of the first one.',
  },
  ContactDiffers: {
    status: 409,
    meaning:
      'The e-mail address of `contact` is not the caller’s: not that of the account, or not that of the earlier orders ' +
      'of the guest. No order was placed.',
    action: 'Leave `contact` out. As a guest, get a token for the other address from /v1/guests and send `lines`.',
  },
  EmailTaken: {
    status: 409,
    meaning: 'An account with this e-mail address exists. Upper and lower case do not distinguish addresses.',
    action: 'Sign in with it, or sign up with another address.',
  },
  SkuTaken: {
    status: 409,
    meaning: 'The catalogue has a product with this SKU.',
    action: 'Change that product, or choose another SKU.',
  },
  InsufficientStock: {
    status: 409,
    meaning: 'The stock would fall below the quantity that is reserved for orders.',
    action: 'Read the stock, and take away less.',
  },
  CartFull: {
    status: 409,
    meaning: 'The cart has the largest number of lines.',
    action: 'Remove a line, or place the order.',
  },
  ProductWithdrawn: {
    status: 409,
    meaning: 'The product is not sold any more.',
    action: 'Choose another product.',
  },
  CartEmpty: {
    status: 409,
    meaning: 'An order was to be placed from the cart, and the cart is empty. No order was placed.',
    action: 'Put something into the cart, then place the order with a new Idempotency-Key.',
  },
  CartNotOrderable: {
    status: 409,
    meaning: 'The cart has lines that cannot be ordered, for example products that are gone. No order was placed.',
    action: 'Correct the lines that `detail` names, then place the order with a new Idempotency-Key.',
  },
  PriceChanged: {
    status: 409,
    meaning: 'The order would not cost the `expectedTotal` of the request but `total`. No order was placed.',
    action: 'Show the new total to the customer. Then place the order with it and with a new Idempotency-Key.',
  },
  TooLateToCancel: {
    status: 409,
    meaning: 'The order is dispatched, or has ended, so it can no longer be canceled.',
    action: 'Read the order. Once it is delivered, its goods can be sent back.',
  },
  NotReturnable: {
    status: 409,
    meaning: 'The goods are not delivered yet, or the time for returns has passed.',
    action: 'Read the order: `allowedActions` has `return` while goods can be sent back.',
  },
  TooMany: {
    status: 409,
    meaning:
      'More pieces were to be sent back, paid back or canceled than are left of the order. Or it was to travel in more than 20 ' +
      'parcels.',
    action: 'Read the order with its parcels, returns and refunds, and ask for less.',
  },
  RefundTooLarge: {
    status: 409,
    meaning: 'More was to be refunded than was taken from the card and is neither refunded nor about to be.',
    action: 'Read `captured` and `refunded` of the order and its list of refunds, and refund less.',
  },
  NothingToRefund: {
    status: 409,
    meaning: 'Nothing was paid for these pieces.',
    action: 'Choose other lines, or refund an amount.',
  },
  AlreadyReceived: {
    status: 409,
    meaning: 'The goods of this return were received before.',
    action: 'Read the return. Nothing is left to do.',
  },
  NotInReturn: {
    status: 409,
    meaning: 'What was received has goods, or quantities, that the return does not have.',
    action: 'Read the return, and report only what belongs to it.',
  },
  InterventionClosed: {
    status: 409,
    meaning: 'Somebody has resolved this intervention before.',
    action: 'Read the list of interventions for what is still open.',
  },
  ActionNotAllowed: {
    status: 409,
    meaning: 'The step of this intervention does not have this action.',
    action: 'Choose one of the actions that `detail` names.',
  },
  DeadLetterClosed: {
    status: 409,
    meaning: 'The event was handled, or discarded, in the meantime.',
    action: 'Read the list of dead letters for what is still open.',
  },
  EndpointDisabled: {
    status: 409,
    meaning: 'The webhook endpoint responded with 410 Gone, so nothing is sent to it any more.',
    action: 'Register the URL again.',
  },
  TooManyEndpoints: {
    status: 409,
    meaning: 'You have the largest number of webhook endpoints.',
    action: 'Delete an endpoint before you register another one.',
  },
  OwnAccess: {
    status: 409,
    meaning: 'Admins cannot deactivate their own account or take away their own role.',
    action: 'Let another admin do it.',
  },
  RoleElsewhere: {
    status: 409,
    meaning: 'People sign in at an external issuer, whose tokens name their roles.',
    action: 'Change the role at the issuer that `detail` names. The account can be deactivated here.',
  },
  LastAdmin: {
    status: 409,
    meaning: 'No active admin would be left, and so nobody who could manage users.',
    action: 'Make somebody else an admin first.',
  },
  TooManyClients: {
    status: 409,
    meaning: 'There is the largest number of API clients.',
    action: 'Delete a client before you create another one.',
  },
  PreconditionFailed: {
    status: 412,
    meaning: 'The resource has changed since the version in If-Match. Your change was not made.',
    action: 'Read the resource again, apply your change to it, and send the new ETag.',
  },
} as const;
