import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import { PaymentMethod } from '../../activities/payment.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { changeAddressUpdate, changePaymentMethodUpdate } from '../../workflows/order/change-messages.ts';
import { expectedVersion } from '../entity-tag.ts';
import { orderLinks } from '../openapi/links.ts';
import type { Workflows } from '../upstream/workflow-client.ts';
import { ADDRESS_EXAMPLE, Address } from './address.ts';
import { changeOrder } from './changes.ts';
import { OrderPath, ownOrder } from './own-order.ts';
import { OrderView, viewOf } from './view.ts';

/** What customers change of their confirmed orders, apart from canceling. */
export const changeRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  changeAddress(orders, workflows),
  namePaymentMethod(orders, workflows),
];

const OrderChange = z
  .strictObject({ shippingAddress: Address })
  .meta({ id: 'OrderChange', examples: [{ shippingAddress: ADDRESS_EXAMPLE }] });
const OtherPaymentMethod = z
  .strictObject({ paymentMethod: PaymentMethod })
  .meta({ id: 'OtherPaymentMethod', examples: [{ paymentMethod: 'pm_card_visa' }] });

function changeAddress(orders: OrderRequests, workflows: Workflows): AnyRoute {
  return route({
    method: 'patch',
    path: '/v1/orders/:orderId',
    operationId: 'changeOrder',
    summary: 'Send an order of which nothing has left to another address',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['support'],
    idempotent: true,
    params: OrderPath,
    body: OrderChange,
    headers: { 'If-Match': 'the ETag that the change is based on, or `*`; 412 if the order has changed since' },
    responses: {
      200: {
        description: 'The changed order',
        body: OrderView,
        headers: { ETag: 'the version of the order' },
        links: orderLinks('/id'),
      },
    },
    problems: {
      404: ['OrderNotFound'],
      409: ['TooLateToChange', 'NotChangeableNow'],
      412: ['PreconditionFailed'],
      422: ['AddressUndeliverable'],
      428: ['IfMatchRequired'],
    },
    async handle(request) {
      const { id: orderId, version: current } = await ownOrder(orders, request.params.orderId, request.caller!);
      const ifMatch = request.header('If-Match');
      if (ifMatch === '') throw ifMatchRequired();
      // Compared by the workflow: of a retry only that knows whether it has made this version itself.
      const version = await expectedVersion(ifMatch, async () => current);
      const { shippingAddress } = request.body;
      const order = await changeOrder(
        { orders, workflows },
        { orderId, change: { update: changeAddressUpdate, request: { shippingAddress, version } }, request },
      );
      return { status: 200, body: viewOf(order, request.caller!), version: order.version };
    },
  });
}

const ifMatchRequired = () =>
  new Problem(428, 'IfMatchRequired', 'send an If-Match header with the ETag of the order that the change is based on');

function namePaymentMethod(orders: OrderRequests, workflows: Workflows): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/orders/:orderId/payment-method',
    operationId: 'namePaymentMethod',
    summary: 'Name another payment method for an order that waits for one',
    tag: 'orders',
    access: 'user',
    guests: true,
    idempotent: true,
    params: OrderPath,
    body: OtherPaymentMethod,
    responses: {
      202: {
        description: 'The order goes on, or the customer must first confirm the payment: then with `nextAction`',
        body: OrderView,
        links: orderLinks('/id'),
      },
    },
    problems: {
      404: ['OrderNotFound'],
      409: ['NotChangeableNow'],
      422: ['CardDeclined', 'InsufficientFunds', 'PaymentNotCompleted'],
    },
    async handle(request) {
      const { id: orderId } = await ownOrder(orders, request.params.orderId, request.caller!);
      const order = await changeOrder(
        { orders, workflows },
        {
          orderId,
          change: {
            update: changePaymentMethodUpdate,
            request: { ...request.body, customerId: request.caller!.id },
          },
          request,
          tooLate: 'NotChangeableNow',
        },
      );
      return { status: 202, body: viewOf(order, request.caller!) };
    },
  });
}
