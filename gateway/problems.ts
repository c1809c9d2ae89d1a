import type { CartRefusal } from '../activities/cart.ts';
import type { EventRefusal } from '../platform/contract/event.ts';
import type { InventoryRefusal } from '../activities/inventory.ts';
import type { OrderRefusal } from '../activities/order.ts';
import type { ProductRefusal } from '../activities/product.ts';
import type { ShippingRefusal } from '../activities/shipping.ts';
import type { UserRefusal } from '../activities/user.ts';
import type { WebhookRefusal } from '../activities/webhook.ts';
import { ServiceFault } from '../platform/http/client.ts';
import { Problem } from '../platform/http/problem.ts';
import { Refusal } from '../platform/contract/refusal.ts';
import { IssuerUnavailable } from './auth/remote-keys.ts';
import { TemporalFault, type WorkflowRefusal } from './workflow-client.ts';

type AnyRefusal =
  | UserRefusal
  | ProductRefusal
  | InventoryRefusal
  | OrderRefusal
  | ShippingRefusal
  | CartRefusal
  | EventRefusal
  | WebhookRefusal
  | WorkflowRefusal;

/** RFC 6750 section 3: how to get in. */
export const CHALLENGE = 'Bearer realm="order-platform"';

/** What a service's or a workflow's "no" is in HTTP. One that is not here is none a caller can bring about: a bug. */
const REFUSALS: Readonly<Record<string, readonly [status: number, code: string]>> = {
  BadCursor: [400, 'BadCursor'],
  UrlNotAllowed: [400, 'UrlNotAllowed'],
  BadCredentials: [401, 'BadCredentials'],
  SessionEnded: [401, 'SessionEnded'],
  WrongPassword: [403, 'WrongPassword'],
  SessionNotFound: [404, 'SessionNotFound'],
  ClientNotFound: [404, 'ClientNotFound'],
  TooManyClients: [409, 'TooManyClients'],
  UserNotFound: [404, 'UserNotFound'],
  ProductNotFound: [404, 'ProductNotFound'],
  OrderNotFound: [404, 'OrderNotFound'],
  ReturnNotFound: [404, 'ReturnNotFound'],
  InterventionNotFound: [404, 'InterventionNotFound'],
  ShipmentNotFound: [404, 'ShipmentNotFound'],
  DeadLetterNotFound: [404, 'DeadLetterNotFound'],
  EndpointNotFound: [404, 'EndpointNotFound'],
  DeliveryNotFound: [404, 'DeliveryNotFound'],
  EndpointDisabled: [409, 'EndpointDisabled'],
  TooManyEndpoints: [409, 'TooManyEndpoints'],
  DeadLetterClosed: [409, 'DeadLetterClosed'],
  EmailTaken: [409, 'EmailTaken'],
  SkuTaken: [409, 'SkuTaken'],
  InsufficientStock: [409, 'InsufficientStock'],
  CartFull: [409, 'CartFull'],
  NotReturnable: [409, 'NotReturnable'],
  TooMany: [409, 'TooMany'],
  TooLateToCancel: [409, 'TooLateToCancel'],
  InterventionClosed: [409, 'InterventionClosed'],
  AlreadyReceived: [409, 'AlreadyReceived'],
  NotInReturn: [409, 'NotInReturn'],
  VersionConflict: [412, 'PreconditionFailed'],
  // Ids are made of the Idempotency-Key: another payload under one id is another payload under one key,
  // found out here where the gateway's own record of the first one is gone.
  OrderDiffers: [422, 'IdempotencyKeyReused'],
  ReturnDiffers: [422, 'IdempotencyKeyReused'],
} satisfies Partial<Record<AnyRefusal, readonly [number, string]>>;

/** Makes a problem of what the services and Temporal answer; undefined for a bug. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ServiceFault) return unavailable('ServiceUnavailable', error);
  if (error instanceof TemporalFault) return unavailable('TemporalUnavailable', error);
  if (error instanceof IssuerUnavailable) return unavailable('IssuerUnavailable', error);
  if (!(error instanceof Refusal)) return undefined;
  const [status, code] = REFUSALS[error.code] ?? [];
  if (status === undefined || code === undefined) return undefined;
  const headers = status === 401 ? { 'WWW-Authenticate': CHALLENGE } : {};
  return new Problem(status, code, error.message, { headers, cause: error });
}

// As long as a process takes to be restarted.
const RETRY_AFTER_SECONDS = '2';

const unavailable = (code: `${'Service' | 'Temporal' | 'Issuer'}Unavailable`, cause: Error): Problem =>
  new Problem(503, code, 'something this needs does not answer just now; ask again in a moment', {
    headers: { 'Retry-After': RETRY_AFTER_SECONDS },
    cause,
  });
