import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import { HistoryItem, OrderStatus } from '../../activities/order-status.ts';
import { Money } from '../../activities/money.ts';
import type { Order, OrderRequests } from '../../activities/order.ts';
import { PaymentMethod } from '../../activities/payment.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, type Caller, route } from '../../platform/http/route.ts';
import { accountRequired } from '../auth/middleware.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { orderLinks } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { Address } from './address.ts';
import { staffViewsOf } from './contacts.ts';
import { OrderContact, noteContact } from './own-contact.ts';
import { OrderPath, ownOrder } from './own-order.ts';
import type { createPlacing } from './placing.ts';
import { preferredWait } from './prefer-header.ts';
import { OrderView, viewOf } from './view.ts';
import { MUG } from '../openapi/examples.ts';

/** Placing and reading orders. */
export const orderRoutes = (orders: OrderRequests, users: UserRequests, place: Place): AnyRoute[] => [
  placeOrder(users, place),
  listOrders(orders),
  readOrder(orders),
  readHistory(orders),
];

type Place = ReturnType<typeof createPlacing>;

const PlaceOrder = z
  .strictObject({
    lines: z.array(StockLine).min(1).max(2000).optional(),
    fromCart: z.literal(true).optional().meta({ description: 'instead of `lines`: order the content of your cart' }),
    shippingAddress: Address,
    paymentMethod: PaymentMethod.meta({
      description: 'a token of the card processor, or the id of a saved payment method',
    }),
    savePaymentMethod: z.boolean().optional().meta({
      description:
        'save the payment method for later orders, once it was authorized; not for guests (403 `AccountRequired`)',
    }),
    expectedTotal: Money.optional().meta({
      description:
        'the total that you have seen: if the order would have another one, it is not placed (409 `PriceChanged`)',
    }),
    contact: OrderContact.optional().meta({
      description:
        'who gets the mails about the order: for guests, whose name is otherwise that of the address; the e-mail address ' +
        'can be another than that of the token with the first order only. Of an account it must be the own one.',
    }),
  })
  .refine(({ lines, fromCart }) => (lines === undefined) !== (fromCart === undefined), {
    error: 'send either lines or fromCart',
    path: ['lines'],
  })
  .meta({
    id: 'PlaceOrder',
    override: { oneOf: [{ required: ['lines'] }, { required: ['fromCart'] }] },
    examples: [
      {
        lines: [{ sku: MUG.sku, quantity: 6 }],
        shippingAddress: {
          name: 'Ada Lovelace',
          line1: '12 High St',
          city: 'London',
          postalCode: 'SW1Y',
          country: 'GB',
        },
        paymentMethod: 'pm_card_visa',
      },
    ],
  });
// 2,000 lines and an address take 200 KB as formatted JSON.
const PLACE_LIMIT_BYTES = 512 * 1024;

/** Staff see the orders of everybody. */
const visibleTo = ({ id, isStaff }: Caller) => (isStaff ? {} : { customerId: id });

function placeOrder(users: UserRequests, place: Place): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/orders',
    operationId: 'placeOrder',
    summary: 'Place an order',
    tag: 'orders',
    access: 'user',
    guests: true,
    idempotent: true,
    body: PlaceOrder,
    bodyLimit: PLACE_LIMIT_BYTES,
    headers: { Prefer: '`wait=N`: wait up to N seconds, 1 to 30, until the order is confirmed or rejected (RFC 7240)' },
    responses: {
      201: {
        description: 'Placed, and decided within the requested wait',
        body: OrderView,
        headers: { Location: 'the path of the order', 'Preference-Applied': 'the preference that was applied' },
        links: orderLinks('/id'),
      },
      202: {
        description: 'Placed',
        body: OrderView,
        headers: {
          Location: 'the path of the order',
          'Preference-Applied': 'the preference that was applied, if the customer must act first',
        },
        links: orderLinks('/id'),
      },
    },
    problems: {
      401: ['SessionEnded'],
      403: ['AccountRequired'],
      409: ['CartEmpty', 'CartNotOrderable', 'PriceChanged', 'ContactDiffers'],
      503: ['Overloaded'],
    },
    async handle(request) {
      const { fromCart, contact: _noted, lines, ...rest } = request.body;
      const caller = request.caller!;
      if (rest.savePaymentMethod && caller.role === 'guest') throw accountRequired();
      // With one key, an order from the cart and an order of given lines are two different orders.
      const orderId = effectId(fromCart ? 'placeOrder fromCart' : 'placeOrder', request);
      const seconds = preferredWait(request.header('Prefer')) ?? 0;
      const order = await place(
        {
          ...rest,
          lines,
          orderId,
          customerId: caller.id,
          retried: request.retried,
          noteContact: () => noteContact(users, caller, request.body),
        },
        seconds * 1000,
      );
      return placed(order, seconds, caller);
    },
  });
}

/** 201 if the order was decided within the requested wait, otherwise 202: also if its customer must act first. */
function placed(order: Order, waitSeconds: number, caller: Caller) {
  const decided = order.status !== 'pending';
  const waited = waitSeconds > 0 && (decided || order.nextAction !== null);
  return {
    status: waited && decided ? 201 : 202,
    body: viewOf(order, caller),
    headers: {
      Location: `/v1/orders/${order.id}`,
      ...(waited && { 'Preference-Applied': `wait=${waitSeconds}` }),
    },
  };
}

function listOrders(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/orders',
    operationId: 'listOrders',
    summary: 'List your orders, newest first; staff list all orders',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['viewer'],
    scopes: ['orders:read'],
    query: z.strictObject({ status: OrderStatus.optional(), ...pageQuery }),
    responses: {
      200: { description: 'A page of orders', body: listOf(OrderView), links: orderLinks('/items/0/id') },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { status, cursor, limit }, caller }) {
      const page = await orders.listOrders({ ...visibleTo(caller!), status, after: cursor, limit });
      const items = page.items.map((order) => viewOf(order, caller!));
      return { status: 200, body: { items, next: nextPage('/v1/orders', page.next, { limit, status }) } };
    },
  });
}

function readOrder(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/orders/:orderId',
    operationId: 'readOrder',
    summary: 'Read an order',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['viewer'],
    scopes: ['orders:read'],
    params: OrderPath,
    headers: { 'If-None-Match': 'the ETag you have; 304 if it is still current' },
    responses: {
      200: {
        description: 'The order',
        body: OrderView,
        headers: { ETag: 'the version of the order' },
        links: {
          ...orderLinks('/id'),
          changeOrder: { parameters: { orderId: '$response.body#/id', 'header.If-Match': '$response.header.ETag' } },
        },
      },
    },
    problems: { 404: ['OrderNotFound'] },
    async handle({ params, caller }) {
      const order = await ownOrder(orders, params.orderId, caller!);
      const reader = caller!;
      const body = reader.isStaff ? (await staffViewsOf(orders, [order], reader))[0] : viewOf(order, reader);
      return { status: 200, body, version: order.version };
    },
  });
}

function readHistory(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/orders/:orderId/history',
    operationId: 'readHistory',
    summary: 'Read the history of an order',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['viewer'],
    scopes: ['orders:read'],
    params: OrderPath,
    responses: {
      200: { description: 'The history entries, oldest first', body: z.object({ items: z.array(HistoryItem) }) },
    },
    problems: { 404: ['OrderNotFound'] },
    async handle({ params, caller }) {
      const { id } = await ownOrder(orders, params.orderId, caller!);
      return { status: 200, body: await orders.getHistory({ orderId: id }) };
    },
  });
}
