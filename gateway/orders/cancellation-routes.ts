import { z } from 'zod';
import type { Order, OrderRequests } from '../../activities/order.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, type RouteRequest, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { orderLinks } from '../openapi/links.ts';
import { OrderView, allowedActions, viewOf } from './view.ts';
import { OrderPath, ownOrder } from '../own-order.ts';
import type { Workflows } from '../workflow-client.ts';

const CancelBody = z
  .strictObject({ reason: z.string().trim().max(500).optional() })
  .optional()
  .meta({ examples: [{ reason: 'ordered twice' }] });

/** Calling an order off. */
export const cancellationRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/orders/:orderId/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order that has not left yet',
    tag: 'orders',
    access: 'user',
    scopes: ['orders:cancel'],
    idempotent: true,
    params: OrderPath,
    body: CancelBody,
    responses: {
      202: { description: 'It is being, or has been, canceled', body: OrderView, links: orderLinks('/id') },
    },
    problems: { 404: ['OrderNotFound'], 409: ['TooLateToCancel'] },
    async handle(asked) {
      const order = await ownOrder(orders, asked.params.orderId, asked.caller!);
      await cancel(order, asked.body?.reason, { workflows, orders, asked });
      return { status: 202, body: viewOf(await orders.getOrder({ orderId: order.id })) };
    },
  }),
];

interface Cancelling {
  workflows: Workflows;
  orders: OrderRequests;
  asked: Pick<RouteRequest, 'caller' | 'idempotencyKey' | 'retried'>;
}

async function cancel(order: Order, reason: string | undefined, { workflows, orders, asked }: Cancelling) {
  // What this very request did before its answer was lost is no reason to refuse it now.
  const done = ({ status }: Order) => asked.retried && status === 'canceled';
  if (done(order)) return;
  const possible = order.status === 'requires_action' || allowedActions(order, Date.now()).includes('cancel');
  if (!possible) throw tooLate();
  try {
    await workflows.cancelOrder({ orderId: order.id, reason, updateId: effectId('cancelOrder', asked) });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'WorkflowEnded') throw error;
    if (!done(await orders.getOrder({ orderId: order.id }))) throw tooLate();
  }
}

const tooLate = () =>
  new Refusal('TooLateToCancel', 'this order has been dispatched or has ended: it cannot be canceled');
