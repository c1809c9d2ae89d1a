import type { cartRequests } from '../activities/cart.ts';
import type { inventoryRequests } from '../activities/inventory.ts';
import type { notificationRequests } from '../activities/notification.ts';
import type { orderRequests } from '../activities/order.ts';
import type { productRequests } from '../activities/product.ts';
import type { recommendationRequests } from '../activities/recommendation.ts';
import type { paymentRequests } from '../activities/payment.ts';
import type { shippingRequests } from '../activities/shipping.ts';
import type { userRequests } from '../activities/user.ts';
import type { webhookRequests } from '../activities/webhook.ts';
import type { deadLetterRequests } from '../platform/contract/event.ts';
import type { RefusalOf } from '../platform/contract/operation.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { ServiceFault } from '../platform/http/client.ts';
import { Problem } from '../platform/http/problem.ts';
import { IssuerUnavailable } from './auth/remote-keys.ts';
import type { StatusAndCode } from './problem-pages/registry.ts';
import { TemporalFault, type WorkflowRefusal } from './upstream/temporal-errors.ts';

/** The contracts that the gateway calls. */
interface Contracts {
  cart: typeof cartRequests;
  deadLetters: typeof deadLetterRequests;
  inventory: typeof inventoryRequests;
  notification: typeof notificationRequests;
  order: typeof orderRequests;
  product: typeof productRequests;
  recommendation: typeof recommendationRequests;
  payments: typeof paymentRequests;
  shipping: typeof shippingRequests;
  user: typeof userRequests;
  webhook: typeof webhookRequests;
}

/** Every refusal that the gateway can meet: of the operations that it calls, and of the workflows. */
type AnyRefusal = { [Name in keyof Contracts]: RefusalOf<Contracts[Name]> }[keyof Contracts] | WorkflowRefusal;

/** The WWW-Authenticate challenge of RFC 6750 section 3. */
export const CHALLENGE = 'Bearer realm="order-platform"';

/** The route that calls the operation handles the refusal; anywhere else it is a bug. */
const BY_ROUTE = undefined;

/** The HTTP status and code of each refusal. One that is missing here, or has no page, does not compile. */
const REFUSALS: Readonly<Record<AnyRefusal, StatusAndCode | typeof BY_ROUTE>> = {
  BadCursor: [400, 'BadCursor'],
  UrlNotAllowed: [400, 'UrlNotAllowed'],
  InvalidEvent: [400, 'InvalidEvent'],
  InvalidSignature: [401, 'InvalidSignature'],
  BadCredentials: [401, 'BadCredentials'],
  SessionEnded: [401, 'SessionEnded'],
  WrongPassword: [403, 'WrongPassword'],
  RefundAboveLimit: [403, 'RefundAboveLimit'],
  SessionNotFound: [404, 'SessionNotFound'],
  ClientNotFound: [404, 'ClientNotFound'],
  TooManyClients: [409, 'TooManyClients'],
  UserNotFound: [404, 'UserNotFound'],
  LinkNotFound: [404, 'LinkNotFound'],
  OwnAccess: [409, 'OwnAccess'],
  LastAdmin: [409, 'LastAdmin'],
  ProductNotFound: [404, 'ProductNotFound'],
  OrderNotFound: [404, 'OrderNotFound'],
  ParcelNotFound: [404, 'ParcelNotFound'],
  ReturnNotFound: [404, 'ReturnNotFound'],
  InterventionNotFound: [404, 'InterventionNotFound'],
  ShipmentNotFound: [404, 'ShipmentNotFound'],
  DeadLetterNotFound: [404, 'DeadLetterNotFound'],
  MailNotFound: [404, 'MailNotFound'],
  PaymentMethodNotFound: [404, 'PaymentMethodNotFound'],
  EndpointNotFound: [404, 'EndpointNotFound'],
  DeliveryNotFound: [404, 'DeliveryNotFound'],
  EndpointDisabled: [409, 'EndpointDisabled'],
  TooManyEndpoints: [409, 'TooManyEndpoints'],
  DeadLetterClosed: [409, 'DeadLetterClosed'],
  EmailTaken: [409, 'EmailTaken'],
  ContactDiffers: [409, 'ContactDiffers'],
  SkuTaken: [409, 'SkuTaken'],
  InsufficientStock: [409, 'InsufficientStock'],
  CartFull: [409, 'CartFull'],
  NotReturnable: [409, 'NotReturnable'],
  TooMany: [409, 'TooMany'],
  TooLateToCancel: [409, 'TooLateToCancel'],
  TooLateToChange: [409, 'TooLateToChange'],
  NotChangeableNow: [409, 'NotChangeableNow'],
  LinesDiffer: [409, 'LinesDiffer'],
  NothingToResolve: [409, 'NothingToResolve'],
  OutOfStock: [409, 'OutOfStock'],
  InterventionClosed: [409, 'InterventionClosed'],
  ActionNotAllowed: [409, 'ActionNotAllowed'],
  RefundTooLarge: [409, 'RefundTooLarge'],
  NothingToRefund: [409, 'NothingToRefund'],
  AlreadyReceived: [409, 'AlreadyReceived'],
  NotInReturn: [409, 'NotInReturn'],
  VersionConflict: [412, 'PreconditionFailed'],
  VersionChanged: [412, 'PreconditionFailed'],
  // The request is well-formed, but the carrier or the card says no: with another address or card it succeeds.
  AddressUndeliverable: [422, 'AddressUndeliverable'],
  CardDeclined: [422, 'CardDeclined'],
  InsufficientFunds: [422, 'InsufficientFunds'],
  PaymentNotCompleted: [422, 'PaymentNotCompleted'],
  // Ids derive from the Idempotency-Key: a different payload under one id is a different payload under one key. The
  // service detects it if the gateway's own record of the first request is gone.
  OrderDiffers: [422, 'IdempotencyKeyReused'],
  ReturnDiffers: [422, 'IdempotencyKeyReused'],
  RefundDiffers: [422, 'IdempotencyKeyReused'],
  NoteDiffers: [422, 'IdempotencyKeyReused'],
  BadClient: BY_ROUTE,
  WrongCurrency: BY_ROUTE,
  WorkflowEnded: BY_ROUTE,
  // Of a change that was given up.
  ServiceUnavailable: [503, 'ServiceUnavailable'],
};

/** Translates an error of a service or of Temporal into a problem; undefined for a bug. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ServiceFault) return unavailable('ServiceUnavailable', error);
  if (error instanceof TemporalFault) return unavailable('TemporalUnavailable', error);
  if (error instanceof IssuerUnavailable) return unavailable('IssuerUnavailable', error);
  if (!(error instanceof Refusal)) return undefined;
  const [status, code] = REFUSALS[error.code as AnyRefusal] ?? [];
  if (status === undefined || code === undefined) return undefined;
  if (status === 503) return unavailable(code, error, error.message);
  const headers = status === 401 ? { 'WWW-Authenticate': CHALLENGE } : {};
  return new Problem(status, code, error.message, { headers, cause: error });
}

// The time in which a process restarts.
const RETRY_AFTER_SECONDS = '2';

const unavailable = (
  code: (StatusAndCode & readonly [503, string])[1],
  cause: Error,
  detail = 'a service that this request needs is not available; try again in a moment',
): Problem => new Problem(503, code, detail, { headers: { 'Retry-After': RETRY_AFTER_SECONDS }, cause });
