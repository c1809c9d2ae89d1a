import type { ZodOpenApiParameterObject, ZodOpenApiPathItemObject } from 'zod-openapi';
import { webhookMessages } from '../../activities/webhook-message.ts';
import { WebhookEventType } from '../../activities/webhook.ts';
import { MUG, MUG_MINOR } from './examples.ts';

interface Described {
  summary: string;
  /** The data of an example. */
  data: Record<string, unknown>;
}

const ORDER = { orderId: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c', number: '10042' };
const POUNDS = { amountMinor: 6 * MUG_MINOR, currency: 'GBP' };
const PARCEL = {
  ...ORDER,
  parcelId: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11',
  trackingNumber: 'SB-1042',
  promisedBy: '2026-01-08T18:00:00.000Z',
};

const EVENTS: Readonly<Record<WebhookEventType, Described>> = {
  'order.placed': { summary: 'An order was placed', data: { ...ORDER, total: POUNDS } },
  'order.payment_action_required': {
    summary: 'The card’s holder must confirm the payment of an order: on the page `url`, or in the shop if it is null',
    data: { ...ORDER, url: 'https://bank.example/confirm/9b2f', expiresAt: '2026-01-05T09:30:00.000Z' },
  },
  'order.confirmed': {
    summary: 'An order was confirmed: its goods are reserved and its payment is authorized',
    data: { ...ORDER, total: POUNDS, lines: [{ sku: MUG.sku, quantity: 6 }] },
  },
  'order.rejected': {
    summary: 'An order was rejected',
    data: {
      ...ORDER,
      paymentStatus: 'canceled',
      fulfillmentStatus: 'not_fulfilled',
      rejection: { code: 'OutOfStock', detail: 'there are only 2 pieces of MUG-BLUE' },
    },
  },
  'order.canceled': {
    summary: 'An order was canceled; with a `rejection` because it could not be paid for any longer',
    data: { ...ORDER, paymentStatus: 'canceled', fulfillmentStatus: 'canceled' },
  },
  'order.changed': {
    summary: 'Some pieces of an order are not sent, or it travels in other parcels or to another address',
    data: { ...ORDER, canceledLines: [{ sku: MUG.sku, quantity: 2 }] },
  },
  'order.payment_method_required': {
    summary: 'The card holds the money of an order no longer: its customer must name another payment method in time',
    data: { ...ORDER, until: '2026-01-07T09:00:00.000Z', total: POUNDS },
  },
  'order.shipped': {
    summary: 'An order was dispatched, or one parcel of it: then with `parcelId` and `lines`',
    data: { ...ORDER, trackingNumber: 'SB-1042' },
  },
  'order.parcel_delayed': { summary: 'The carrier reports that a parcel is delayed', data: PARCEL },
  'order.parcel_late': {
    summary: 'A parcel was not delivered when the carrier had promised it, and the carrier reports nothing',
    data: PARCEL,
  },
  'order.parcel_lost': { summary: 'The carrier has lost a parcel; the shop decides what follows', data: PARCEL },
  'order.parcel_returned_to_sender': {
    summary: 'A parcel goes back to the shop, which decides what follows',
    data: PARCEL,
  },
  'order.delivered': {
    summary:
      'An order was delivered, or one parcel of it: then with `parcelId` and `lines`, and without `returnableUntil` while others are missing',
    data: { ...ORDER, returnableUntil: '2026-02-04T09:00:00.000Z' },
  },
  'order.completed': { summary: 'An order was completed: its return window has closed', data: ORDER },
  'order.refunded': {
    summary: 'Money was refunded: of a return, or without one',
    data: {
      ...ORDER,
      returnId: '3b1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b11',
      refund: { amountMinor: MUG_MINOR, currency: 'GBP' },
    },
  },
  'order.payment_released': {
    summary: 'A payment was confirmed after its order had ended, and is released again: nothing is charged',
    data: { ...ORDER, total: POUNDS },
  },
  'order.action_required': { summary: 'An order waits for a person of the shop', data: ORDER },
};

const HEADERS: ZodOpenApiParameterObject[] = [
  {
    name: 'webhook-id',
    in: 'header',
    required: true,
    description: 'the id of the event, the same in every attempt: a second message with it can be ignored',
    schema: { type: 'string', format: 'uuid' },
  },
  {
    name: 'webhook-timestamp',
    in: 'header',
    required: true,
    description: 'the time of this attempt, in Unix seconds: refuse a message that is older than some minutes',
    schema: { type: 'string', pattern: '^\\d+$' },
  },
  {
    name: 'webhook-signature',
    in: 'header',
    required: true,
    description:
      '`v1,` and the base64 HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>` under the secret of the endpoint; ' +
      'several, separated by spaces, for a day after the secret was renewed',
    schema: { type: 'string' },
  },
];

/** What customers' endpoints receive, by event type: the `webhooks` of OpenAPI 3.1. */
export const webhookOperations = (): Record<string, ZodOpenApiPathItemObject> =>
  Object.fromEntries(WebhookEventType.options.map((type) => [type, { post: operationOf(type, EVENTS[type]) }]));

const operationOf = (type: WebhookEventType, { summary, data }: Described) => ({
  // `order.action_required` becomes `onOrderActionRequired`.
  operationId: `on${type.replace(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
  summary,
  description:
    'Sent to the endpoints that are registered for this type (`POST /v1/webhook-endpoints`), as Standard Webhooks describe.',
  tags: ['webhooks'],
  security: [],
  parameters: HEADERS,
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: webhookMessages[type],
        example: { type, timestamp: '2026-01-05T09:00:00.000Z', data },
      },
    },
  },
  responses: {
    '2XX': { description: 'Received, within 15 seconds' },
    410: { description: 'The endpoint is gone: it is disabled, and nothing more is sent to it' },
    default: { description: 'Not received: sent again later, in growing intervals, for about three days' },
  },
});
