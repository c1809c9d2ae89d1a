import { z } from 'zod';
import { type Implementation, type RefusalOf, activity, operation, pageOf } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';

/** What a customer's system can be told of. */
export const WebhookEventType = z.enum([
  'order.placed',
  'order.confirmed',
  'order.rejected',
  'order.canceled',
  'order.shipped',
  'order.delivered',
  'order.completed',
  'order.refunded',
  'order.action_required',
]);
export type WebhookEventType = z.infer<typeof WebhookEventType>;

/** Where a customer's system wants to be told. `disabled`: it answered 410 Gone, and is told nothing any more. */
export const WebhookEndpoint = z.object({
  id: z.uuid(),
  url: z.string(),
  events: z.array(WebhookEventType),
  state: z.enum(['enabled', 'disabled']),
  /** Until when the secret before the last one signs too; null where it does not. */
  previousSecretUntil: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
});
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;
/** The only time that the secret is shown: it is kept encrypted. `whsec_` and base64, as Standard Webhooks has it. */
export const WebhookEndpointWithSecret = WebhookEndpoint.extend({ secret: z.string() });
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;

/** One request to an endpoint. `status` is null where no answer came, and `error` then says why. */
export const WebhookAttempt = z.object({
  at: z.iso.datetime(),
  status: z.int().nullable(),
  durationMs: z.int().nullable(),
  /** How the answer's body began. */
  excerpt: z.string().nullable(),
  error: z.string().nullable(),
});
export type WebhookAttempt = z.infer<typeof WebhookAttempt>;

/** `failed`: no attempt is left. */
export const WebhookDeliveryState = z.enum(['pending', 'delivered', 'failed']);
export type WebhookDeliveryState = z.infer<typeof WebhookDeliveryState>;

/** One event on its way to one endpoint. */
export const WebhookDelivery = z.object({
  id: z.uuid(),
  /** What is sent as `webhook-id`: the same at every attempt and at every endpoint. */
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
/** Whose endpoints are asked for: somebody else's are not found. */
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

/** What the webhook service can be asked at its door. Implemented in services/webhook/. */
export const webhookRequests = {
  /** Refuses `UrlNotAllowed` and `TooManyEndpoints`. */
  createEndpoint: operation({
    request: CreateWebhookEndpoint,
    response: WebhookEndpointWithSecret,
    repeatable: false,
    refuses: ['UrlNotAllowed', 'TooManyEndpoints'],
  }),
  /** Newest first. */
  listEndpoints: operation({ request: WebhookOwner, response: z.object({ items: z.array(WebhookEndpoint) }) }),
  /** Refuses `EndpointNotFound`. */
  getEndpoint: operation({ request: WebhookEndpointRef, response: WebhookEndpoint, refuses: ['EndpointNotFound'] }),
  /** With all its deliveries; what is on its way is sent no more. Refuses `EndpointNotFound`. */
  deleteEndpoint: operation({ request: WebhookEndpointRef, repeatable: false, refuses: ['EndpointNotFound'] }),
  /** Gives it a new secret; the one before signs too for another day. Refuses `EndpointNotFound`. */
  renewEndpointSecret: operation({
    request: WebhookEndpointRef,
    response: WebhookEndpointWithSecret,
    repeatable: false,
    refuses: ['EndpointNotFound'],
  }),
  /** Newest first. Refuses `EndpointNotFound` and `BadCursor`. */
  listDeliveries: operation({
    request: ListWebhookDeliveries,
    response: pageOf(WebhookDelivery),
    refuses: ['EndpointNotFound', 'BadCursor'],
  }),
  /**
   * Sends it at once: the next attempt of one that is under way, or a new round of attempts of one that has come to
   * its end, delivered or not. Refuses `DeliveryNotFound` and `EndpointDisabled`.
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
  /** Counts how often the delivery was begun, from 1. */
  round: z.int().min(1),
  /** From 1 in each round: with delivery and round, the name of the one request that this may send. */
  attempt: z.int().min(1),
  /** When the workflow tries again if this fails; null where this is the last. */
  retryInMs: z.int().nullable(),
});
export type AttemptDelivery = z.infer<typeof AttemptDelivery>;
/** `moot`: there is nothing to send any more, as the endpoint was deleted or another round has begun. */
export const AttemptOutcome = z.object({
  outcome: z.enum(['delivered', 'failed', 'gone', 'moot']),
  /** For people: "HTTP 503 in 21 ms". */
  detail: z.string(),
});
export type AttemptOutcome = z.infer<typeof AttemptOutcome>;

/** One round of a delivery. */
export const DeliveryRound = AttemptDelivery.pick({ deliveryId: true, round: true });
export type DeliveryRound = z.infer<typeof DeliveryRound>;

/** What the delivery workflow asks, on the webhook service's own task queue. */
export const webhookActivities = {
  /**
   * Sends the event at most once, however often this is asked, and logs what came of it. Where a process ends in the
   * middle nobody knows whether it arrived; asked again, the attempt has then failed.
   */
  attemptDelivery: activity({ request: AttemptDelivery, response: AttemptOutcome }),
  /** Has a new round begin after this one, for which somebody asked too late for one more attempt; once, if at all. */
  beginAgain: activity({ request: DeliveryRound }),
};
export type WebhookActivities = Implementation<typeof webhookActivities>;

export type WebhookRefusal = RefusalOf<typeof webhookRequests> | RefusalOf<typeof webhookActivities>;
export const webhookRefusal = refusalFor<WebhookRefusal>();
