import { z } from 'zod';
import { PaymentMethod, type PaymentRequests, SavedPaymentMethod } from '../../activities/payment.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { linksTo } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { notFound } from '../path-ids.ts';

const PATH = '/v1/users/me/payment-methods';

const MethodView = SavedPaymentMethod.extend({
  id: SavedPaymentMethod.shape.id.meta({ description: 'send it as the `paymentMethod` of an order' }),
  expires: SavedPaymentMethod.shape.expires.meta({ description: 'the last month in which the card is valid' }),
}).meta({
  id: 'SavedPaymentMethod',
  examples: [
    {
      id: 'pm_1MqLiJLkdIwHu7ixUEgbFdYF',
      brand: 'visa',
      last4: '4242',
      expires: '2034-12',
      savedAt: '2026-01-05T09:00:00.000Z',
    },
  ],
});

/** The payment methods that the caller has saved. Callers find only their own, even admins. */
export const paymentMethodRoutes = (payments: PaymentRequests): AnyRoute[] => [
  route({
    method: 'get',
    path: PATH,
    operationId: 'listPaymentMethods',
    summary: 'List the payment methods that you have saved, newest first',
    tag: 'users',
    access: 'user',
    query: z.strictObject(pageQuery),
    responses: {
      200: {
        description: 'A page of payment methods',
        body: listOf(MethodView),
        links: linksTo(['removePaymentMethod'], { paymentMethodId: '$response.body#/items/0/id' }),
      },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { cursor, limit }, caller }) {
      const page = await payments.listPaymentMethods({ userId: caller!.id, after: cursor, limit });
      return { status: 200, body: { items: page.items, next: nextPage(PATH, page.next, { limit }) } };
    },
  }),

  route({
    method: 'delete',
    path: `${PATH}/:paymentMethodId`,
    operationId: 'removePaymentMethod',
    summary: 'Remove a payment method that you have saved; a repeat changes nothing',
    tag: 'users',
    access: 'user',
    params: z.object({ paymentMethodId: z.string() }),
    responses: { 204: { description: 'Removed: no order can be paid with it any more' } },
    problems: { 404: ['PaymentMethodNotFound'] },
    async handle({ params, caller }) {
      const id = PaymentMethod.safeParse(params.paymentMethodId).data;
      if (id === undefined) throw notFound('PaymentMethodNotFound');
      await payments.removePaymentMethod({ userId: caller!.id, id });
      return { status: 204 };
    },
  }),
];
