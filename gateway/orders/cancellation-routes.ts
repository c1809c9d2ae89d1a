import { z } from 'zod';
import type { Order, OrderRequests } from '../../activities/order.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, type RouteRequest, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { orderLinks } from '../openapi/links.ts';
import type { Workflows } from '../upstream/workflow-client.ts';
import { OrderPath, ownOrder } from './own-order.ts';
import { OrderView, viewOf } from './view.ts';

const CancelBody = z
  .strictObject({ reason: z.string().trim().max(500).optional() })
  .optional()
  .meta({ examples: [{ reason: 'ordered twice' }] });

export const cancellationRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/orders/:orderId/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order that has not been dispatched',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['support'],
    scopes: ['orders:cancel'],
    idempotent: true,
    params: OrderPath,
    body: CancelBody,
    responses: {
      202: { description: 'The order is canceled, or is being canceled', body: OrderView, links: orderLinks('/id') },
    },
    problems: { 404: ['OrderNotFound'], 409: ['TooLateToCancel'] },
    async handle(request) {
      const order = await ownOrder(orders, request.params.orderId, request.caller!);
      await cancel(order, request.body?.reason, { workflows, orders, request });
      return { status: 202, body: viewOf(await orders.getOrder({ orderId: order.id }), request.caller!) };
    },
  }),
];

interface CancelContext {
  workflows: Workflows;
  orders: OrderRequests;
  request: Pick<RouteRequest, 'caller' | 'idempotencyKey' | 'retried'>;
}

async function cancel(order: Order, reason: string | undefined, { workflows, orders, request }: CancelContext) {
  // A retry succeeds if this same request canceled the order before and its response was lost.
  const done = ({ status }: Order) => request.retried && status === 'canceled';
  if (done(order)) return;
  // Of a retry the workflow knows whether it was accepted before.
  if (!request.retried && !order.allowedActions.includes('cancel')) throw tooLate();
  try {
    const { start } = await orders.getOrderStart({ orderId: order.id });
    if (!start) throw new Refusal('WorkflowEnded', 'the order has ended');
    await workflows.cancelOrder(start, { reason, updateId: effectId('cancelOrder', request) });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
    if (!done(await orders.getOrder({ orderId: order.id }))) throw tooLate();
  }
}

const tooLate = () =>
  new Refusal('TooLateToCancel', 'this order cannot be canceled: it has been dispatched or has ended');
