import { z } from 'zod';
import {
  CreateWebhookEndpoint,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointWithSecret,
  type WebhookRequests,
} from '../../activities/webhook.ts';
import { type AnyRoute, type Caller, route } from '../../platform/http/route.ts';
import { linksTo } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { idOr404 } from '../path-ids.ts';

/** Customers' webhook endpoints and their deliveries. */
export const webhookRoutes = (webhooks: WebhookRequests): AnyRoute[] => [
  createWebhookEndpoint(webhooks),
  listWebhookEndpoints(webhooks),
  getWebhookEndpoint(webhooks),
  deleteWebhookEndpoint(webhooks),
  renewWebhookSecret(webhooks),
  listWebhookDeliveries(webhooks),
  redeliverWebhook(webhooks),
];

const NEW = {
  url: 'https://example.com/webhooks',
  events: ['order.confirmed' as const, 'order.shipped' as const],
};
const ENDPOINT = {
  id: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
  ...NEW,
  state: 'enabled' as const,
  previousSecretUntil: null,
  createdAt: '2026-01-05T09:00:00.000Z',
};
const EndpointRequest = CreateWebhookEndpoint.omit({ customerId: true })
  .extend({ url: CreateWebhookEndpoint.shape.url.regex(/^https?:\/\/\S+$/, 'must be an http or https URL') })
  .strict()
  .meta({ id: 'NewWebhookEndpoint', examples: [NEW] });
const EndpointView = WebhookEndpoint.meta({ id: 'WebhookEndpoint', examples: [ENDPOINT] });
const EndpointWithSecret = WebhookEndpointWithSecret.meta({
  id: 'WebhookEndpointWithSecret',
  description: 'The secret is not shown again.',
  examples: [{ ...ENDPOINT, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw5sXkxdyGVnA=' }],
});
const DeliveryView = WebhookDelivery.meta({
  id: 'WebhookDelivery',
  examples: [
    {
      id: '3b1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b11',
      eventId: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11',
      type: 'order.confirmed',
      state: 'pending',
      attempts: [{ at: '2026-01-05T09:00:00.000Z', status: 503, durationMs: 21, excerpt: 'later', error: null }],
      nextAttemptAt: '2026-01-05T09:00:05.000Z',
      createdAt: '2026-01-05T09:00:00.000Z',
    },
  ],
});

const EndpointPath = z.object({ endpointId: z.string() });
const DeliveryPath = EndpointPath.extend({ deliveryId: z.string() });

const endpointLinks = (pointer: string) =>
  linksTo(['getWebhookEndpoint', 'deleteWebhookEndpoint', 'renewWebhookSecret', 'listWebhookDeliveries'], {
    endpointId: `$response.body#${pointer}`,
  });

/** Callers find only their own endpoints, even admins. */
const ownEndpoint = (caller: Caller | undefined, endpointId: string) => ({
  customerId: caller!.id,
  endpointId: idOr404(endpointId, 'EndpointNotFound'),
});

function createWebhookEndpoint(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/webhook-endpoints',
    operationId: 'createWebhookEndpoint',
    summary: 'Register a URL that receives the events of your orders',
    tag: 'webhooks',
    access: 'user',
    body: EndpointRequest,
    responses: { 201: { description: 'Registered', body: EndpointWithSecret, links: endpointLinks('/id') } },
    problems: { 400: ['UrlNotAllowed'], 409: ['TooManyEndpoints'] },
    handle: async ({ body, caller }) => ({
      status: 201,
      body: await webhooks.createEndpoint({ ...body, customerId: caller!.id }),
    }),
  });
}

function listWebhookEndpoints(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/webhook-endpoints',
    operationId: 'listWebhookEndpoints',
    summary: 'List your endpoints, newest first',
    tag: 'webhooks',
    access: 'user',
    responses: {
      200: {
        description: 'The endpoints',
        body: z.object({ items: z.array(EndpointView) }),
        links: endpointLinks('/items/0/id'),
      },
    },
    handle: async ({ caller }) => ({ status: 200, body: await webhooks.listEndpoints({ customerId: caller!.id }) }),
  });
}

function getWebhookEndpoint(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/webhook-endpoints/:endpointId',
    operationId: 'getWebhookEndpoint',
    summary: 'Read one of your endpoints',
    tag: 'webhooks',
    access: 'user',
    params: EndpointPath,
    responses: { 200: { description: 'The endpoint', body: EndpointView, links: endpointLinks('/id') } },
    problems: { 404: ['EndpointNotFound'] },
    handle: async ({ params, caller }) => ({
      status: 200,
      body: await webhooks.getEndpoint(ownEndpoint(caller, params.endpointId)),
    }),
  });
}

function deleteWebhookEndpoint(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'delete',
    path: '/v1/webhook-endpoints/:endpointId',
    operationId: 'deleteWebhookEndpoint',
    summary: 'Delete an endpoint; its pending deliveries are not sent',
    tag: 'webhooks',
    access: 'user',
    params: EndpointPath,
    responses: { 204: { description: 'Deleted, with its secrets and deliveries' } },
    problems: { 404: ['EndpointNotFound'] },
    async handle({ params, caller }) {
      await webhooks.deleteEndpoint(ownEndpoint(caller, params.endpointId));
      return { status: 204 };
    },
  });
}

function renewWebhookSecret(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/webhook-endpoints/:endpointId/secret',
    operationId: 'renewWebhookSecret',
    summary: 'Renew the secret of an endpoint; for one day deliveries are also signed with the previous one',
    tag: 'webhooks',
    access: 'user',
    params: EndpointPath,
    responses: { 200: { description: 'The new secret', body: EndpointWithSecret, links: endpointLinks('/id') } },
    problems: { 404: ['EndpointNotFound'] },
    handle: async ({ params, caller }) => ({
      status: 200,
      body: await webhooks.renewEndpointSecret(ownEndpoint(caller, params.endpointId)),
    }),
  });
}

function listWebhookDeliveries(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/webhook-endpoints/:endpointId/deliveries',
    operationId: 'listWebhookDeliveries',
    summary: 'List the deliveries of an endpoint with every attempt, newest first',
    tag: 'webhooks',
    access: 'user',
    params: EndpointPath,
    query: z.strictObject(pageQuery),
    responses: {
      200: {
        description: 'A page of deliveries',
        body: listOf(DeliveryView),
        links: linksTo(['redeliverWebhook'], {
          endpointId: '$request.path.endpointId',
          deliveryId: '$response.body#/items/0/id',
        }),
      },
    },
    problems: { 400: ['BadCursor'], 404: ['EndpointNotFound'] },
    async handle({ params, query: { cursor, limit }, caller }) {
      const endpoint = ownEndpoint(caller, params.endpointId);
      const page = await webhooks.listDeliveries({ ...endpoint, after: cursor, limit });
      const path = `/v1/webhook-endpoints/${endpoint.endpointId}/deliveries`;
      return { status: 200, body: { items: page.items, next: nextPage(path, page.next, { limit }) } };
    },
  });
}

function redeliverWebhook(webhooks: WebhookRequests): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/webhook-endpoints/:endpointId/deliveries/:deliveryId/redeliver',
    operationId: 'redeliverWebhook',
    summary: 'Send a delivery again at once, whether it is still being retried or has ended',
    tag: 'webhooks',
    access: 'user',
    params: DeliveryPath,
    responses: { 202: { description: 'The delivery is being sent', body: DeliveryView } },
    problems: { 404: ['DeliveryNotFound', 'EndpointNotFound'], 409: ['EndpointDisabled'] },
    handle: async ({ params, caller }) => ({
      status: 202,
      body: await webhooks.redeliver({
        ...ownEndpoint(caller, params.endpointId),
        deliveryId: idOr404(params.deliveryId, 'DeliveryNotFound'),
      }),
    }),
  });
}
