import { z } from 'zod';
import { type Implementation, type RefusalOf, activity, operation, pageOf } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';

/** Event types that a customer's system can receive. */
export const WebhookEventType = z.enum([
  'order.placed',
  'order.payment_action_required',
  'order.confirmed',
  'order.rejected',
  'order.canceled',
  'order.changed',
  'order.payment_method_required',
  'order.shipped',
  'order.parcel_delayed',
  'order.parcel_late',
  'order.parcel_lost',
  'order.parcel_returned_to_sender',
  'order.delivered',
  'order.completed',
  'order.refunded',
  'order.payment_released',
  'order.action_required',
]);
export type WebhookEventType = z.infer<typeof WebhookEventType>;

/** A URL that receives a customer's events. `disabled`: it responded with 410 Gone, and receives no more events. */
export const WebhookEndpoint = z.object({
  id: z.uuid(),
  url: z.string(),
  events: z.array(WebhookEventType),
  state: z.enum(['enabled', 'disabled']),
  /** Until when requests are also signed with the previous secret; null if they are not. */
  previousSecretUntil: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
});
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;
/** The only response with the secret, which is stored encrypted: `whsec_` and base64, as in Standard Webhooks. */
export const WebhookEndpointWithSecret = WebhookEndpoint.extend({ secret: z.string() });
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

/** One request to an endpoint. `status` is null if there was no response; `error` then says why. */
export const WebhookAttempt = z.object({
  at: z.iso.datetime(),
  status: z.int().nullable(),
  durationMs: z.int().nullable(),
  /** The beginning of the response body. */
  excerpt: z.string().nullable(),
  error: z.string().nullable(),
});
export type WebhookAttempt = z.infer<typeof WebhookAttempt>;

/** `failed`: no attempts are left. */
export const WebhookDeliveryState = z.enum(['pending', 'delivered', 'failed']);
export type WebhookDeliveryState = z.infer<typeof WebhookDeliveryState>;

/** The delivery of one event to one endpoint. */
export const WebhookDelivery = z.object({
  id: z.uuid(),
  /** Sent as `webhook-id`: the same in every attempt and to every endpoint. */
  eventId: z.uuid(),
  type: WebhookEventType,
  state: WebhookDeliveryState,
  /** The latest twenty, oldest first. */
  attempts: z.array(WebhookAttempt),
  nextAttemptAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const CreateWebhookEndpoint = z.strictObject({
  customerId: z.uuid(),
  url: z.string().min(1).max(2000),
  events: z.array(WebhookEventType).min(1).max(20),
});
export type CreateWebhookEndpoint = z.infer<typeof CreateWebhookEndpoint>;
/** The customer whose endpoints are meant. Endpoints of other customers are not found. */
export const WebhookOwner = z.strictObject({ customerId: z.uuid() });
export type WebhookOwner = z.infer<typeof WebhookOwner>;
export const WebhookEndpointRef = WebhookOwner.extend({ endpointId: z.uuid() });
export type WebhookEndpointRef = z.infer<typeof WebhookEndpointRef>;
export const ListWebhookDeliveries = WebhookEndpointRef.extend({
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListWebhookDeliveries = z.infer<typeof ListWebhookDeliveries>;
export const WebhookDeliveryRef = WebhookEndpointRef.extend({ deliveryId: z.uuid() });
export type WebhookDeliveryRef = z.infer<typeof WebhookDeliveryRef>;

/** What the webhook service's HTTP API offers. Implemented in services/webhook/. */
export const webhookRequests = {
  /**
   * Registers an endpoint with a new secret. A repeat registers another one.
   * Refuses `UrlNotAllowed` and `TooManyEndpoints`.
   */
  createEndpoint: operation({
    request: CreateWebhookEndpoint,
    response: WebhookEndpointWithSecret,
    repeatable: false,
    refuses: ['UrlNotAllowed', 'TooManyEndpoints'],
  }),
  /** The customer's endpoints, newest first. */
  listEndpoints: operation({ request: WebhookOwner, response: z.object({ items: z.array(WebhookEndpoint) }) }),
  /** One endpoint. Refuses `EndpointNotFound`. */
  getEndpoint: operation({ request: WebhookEndpointRef, response: WebhookEndpoint, refuses: ['EndpointNotFound'] }),
  /** Deletes the endpoint and its deliveries, pending ones too. Refuses `EndpointNotFound`, also on a repeat. */
  deleteEndpoint: operation({ request: WebhookEndpointRef, repeatable: false, refuses: ['EndpointNotFound'] }),
  /**
   * Replaces the secret. Requests are also signed with the previous one for a day. A repeat replaces it again.
   * Refuses `EndpointNotFound`.
   */
  renewEndpointSecret: operation({
    request: WebhookEndpointRef,
    response: WebhookEndpointWithSecret,
    repeatable: false,
    refuses: ['EndpointNotFound'],
  }),
  /** The endpoint's deliveries, newest first. Refuses `EndpointNotFound` and `BadCursor`. */
  listDeliveries: operation({
    request: ListWebhookDeliveries,
    response: pageOf(WebhookDelivery),
    refuses: ['EndpointNotFound', 'BadCursor'],
  }),
  /**
   * Sends the event at once: makes the next attempt now, or starts a new round of attempts if the delivery has ended,
   * successfully or not. A repeat may send it again. Refuses `DeliveryNotFound` and `EndpointDisabled`.
   */
  redeliver: operation({
    request: WebhookDeliveryRef,
    response: WebhookDelivery,
    repeatable: false,
    refuses: ['DeliveryNotFound', 'EndpointDisabled'],
  }),
};
export type WebhookRequests = Implementation<typeof webhookRequests>;

export const AttemptDelivery = z.strictObject({
  deliveryId: z.uuid(),
  /** The round of attempts, from 1. */
  round: z.int().min(1),
  /** From 1 in each round. Delivery, round and attempt identify the one request that this call may send. */
  attempt: z.int().min(1),
  /** When the workflow makes the next attempt if this one fails; null if this is the last. */
  retryInMs: z.int().nullable(),
});
export type AttemptDelivery = z.infer<typeof AttemptDelivery>;
/** `gone`: the endpoint is disabled. `moot`: nothing to send; the endpoint was deleted or another round has started. */
export const AttemptOutcome = z.object({
  outcome: z.enum(['delivered', 'failed', 'gone', 'moot']),
  /** For people: "HTTP 503 in 21 ms". */
  detail: z.string(),
});
export type AttemptOutcome = z.infer<typeof AttemptOutcome>;

/** One round of a delivery. */
export const DeliveryRound = AttemptDelivery.pick({ deliveryId: true, round: true });
export type DeliveryRound = z.infer<typeof DeliveryRound>;

/**
 * What the delivery workflow calls on the webhook service, durably. A repeat changes nothing and returns the first
 * response.
 */
export const webhookActivities = {
  /**
   * Sends the event at most once and logs the outcome. If the process is lost while sending, the outcome is unknown and
   * a repeat logs the attempt as failed.
   */
  attemptDelivery: activity({ request: AttemptDelivery, response: AttemptOutcome }),
  /** Starts the next round, for a redeliver request that came during the last attempt. At most once per round. */
  beginAgain: activity({ request: DeliveryRound }),
};
export type WebhookActivities = Implementation<typeof webhookActivities>;

export type WebhookRefusal = RefusalOf<typeof webhookRequests>;
export const webhookRefusal = refusalFor<WebhookRefusal>();
