import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import type { Order, OrderRequests } from '../../activities/order.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, type RouteRequest, route } from '../../platform/http/route.ts';
import { cancelLinesUpdate } from '../../workflows/order/change-messages.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { MUG } from '../openapi/examples.ts';
import { orderLinks } from '../openapi/links.ts';
import type { Workflows } from '../upstream/workflow-client.ts';
import { changeOrder } from './changes.ts';
import { sumLines } from './lines.ts';
import { OrderPath, ownOrder } from './own-order.ts';
import { OrderView, viewOf } from './view.ts';

const CancelBody = z
  .strictObject({
    reason: z.string().trim().max(500).optional(),
    lines: z
      .array(StockLine)
      .min(1)
      .max(2000)
      .optional()
      .meta({ description: 'the pieces that are not to be sent; absent: the whole order is canceled' }),
  })
  .optional()
  .meta({ examples: [{ reason: 'ordered twice' }, { lines: [{ sku: MUG.sku, quantity: 2 }] }] });

export const cancellationRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/orders/:orderId/cancel',
    operationId: 'cancelOrder',
    summary: 'Cancel an order that has not been dispatched, or some of its pieces that have not left',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['support'],
    scopes: ['orders:cancel'],
    idempotent: true,
    params: OrderPath,
    body: CancelBody,
    responses: {
      202: {
        description: 'The order is canceled, or is being canceled; or the pieces are not sent',
        body: OrderView,
        links: orderLinks('/id'),
      },
    },
    problems: { 404: ['OrderNotFound'], 409: ['TooLateToCancel', 'NotChangeableNow', 'TooMany'] },
    async handle(request) {
      const order = await ownOrder(orders, request.params.orderId, request.caller!);
      const { lines, reason } = request.body ?? {};
      const context = { workflows, orders, request };
      const canceled = await (lines ? cancelLines(order, { lines, reason }, context) : cancel(order, reason, context));
      return { status: 202, body: viewOf(canceled, request.caller!) };
    },
  }),
];

interface CancelContext {
  workflows: Workflows;
  orders: OrderRequests;
  request: Pick<RouteRequest, 'caller' | 'idempotencyKey' | 'retried'>;
}

/** If no piece is left, the order is canceled. */
const cancelLines = (
  { id: orderId }: Order,
  { lines, reason }: { lines: StockLine[]; reason: string | undefined },
  { request, ...dependencies }: CancelContext,
): Promise<Order> =>
  changeOrder(dependencies, {
    orderId,
    change: { update: cancelLinesUpdate, request: { lines: sumLines(lines), reason } },
    request,
    tooLate: 'TooLateToCancel',
  });

async function cancel(
  order: Order,
  reason: string | undefined,
  { workflows, orders, request }: CancelContext,
): Promise<Order> {
  // A retry succeeds if this same request canceled the order before and its response was lost.
  const done = ({ status }: Order) => request.retried && status === 'canceled';
  if (done(order)) return order;
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
  return orders.getOrder({ orderId: order.id });
}

const tooLate = () =>
  new Refusal('TooLateToCancel', 'this order cannot be canceled: it has been dispatched or has ended');
