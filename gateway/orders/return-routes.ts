import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { DraftReturn, ReceivedLine, Return } from '../../activities/return.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { linksTo } from '../openapi/links.ts';
import { idOr404 } from '../path-ids.ts';
import type { Workflows } from '../upstream/workflow-client.ts';
import { sumLines } from './lines.ts';
import { OrderPath, ownOrder } from './own-order.ts';
import { receiveGoods, startReturn, startWaitingReturns } from './returns.ts';
import { MUG, MUG_MINOR } from '../openapi/examples.ts';

/** Returning goods of an order. */
export const returnRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  askReturn(orders, workflows),
  listReturns(orders),
  receiveReturn(orders, workflows),
];

const ReturnView = Return.omit({ customerId: true, refund: true })
  .extend({ refund: Return.shape.refund.unwrap().optional() })
  .meta({
    id: 'Return',
    examples: [
      {
        id: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
        orderId: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
        status: 'refunded',
        lines: [{ sku: MUG.sku, quantity: 1 }],
        received: [{ sku: MUG.sku, quantity: 1, condition: 'damaged' }],
        refund: { amountMinor: MUG_MINOR, currency: 'GBP' },
        reason: 'arrived broken',
        createdAt: '2026-01-12T09:00:00.000Z',
        updatedAt: '2026-01-15T10:30:00.000Z',
      },
    ],
  });
const ReturnRequest = DraftReturn.pick({ reason: true })
  .strict()
  .extend({ lines: z.array(StockLine).min(1).max(2000) })
  .meta({ id: 'AskReturn', examples: [{ lines: [{ sku: MUG.sku, quantity: 1 }], reason: 'arrived broken' }] });
const ReceivedGoods = z.strictObject({ lines: z.array(ReceivedLine).min(1).max(4000) }).meta({
  id: 'ReceivedGoods',
  examples: [{ lines: [{ sku: MUG.sku, quantity: 1, condition: 'damaged' }] }],
});

const viewOf = ({ refund, ...rest }: Return): z.infer<typeof ReturnView> => ({ ...rest, ...(refund && { refund }) });

function askReturn(orders: OrderRequests, workflows: Workflows): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/orders/:orderId/returns',
    operationId: 'askReturn',
    summary: 'Request the return of delivered goods',
    tag: 'returns',
    access: 'user',
    guests: true,
    staff: ['support'],
    idempotent: true,
    params: OrderPath,
    body: ReturnRequest,
    responses: {
      201: {
        description: 'Requested',
        body: ReturnView,
        headers: { Location: 'the path of the order’s list of returns' },
        links: {
          ...linksTo(['receiveReturn'], { returnId: '$response.body#/id' }),
          ...linksTo(['listReturns', 'readOrder'], { orderId: '$response.body#/orderId' }),
        },
      },
    },
    problems: { 404: ['OrderNotFound'], 409: ['NotReturnable', 'TooMany'] },
    async handle(request) {
      const { id: orderId } = await ownOrder(orders, request.params.orderId, request.caller!);
      const lines = sumLines(request.body.lines);
      const returnId = effectId('askReturn', request);
      const draft = await orders
        .draftReturn({ returnId, orderId, lines, reason: request.body.reason })
        .catch((error: unknown) => startWaitingReturns(error, { orders, workflows, orderId }));
      // In any other status its workflow has run before, and Temporal may no longer know it.
      if (draft.status === 'requested') await startReturn(workflows, draft);
      return { status: 201, body: viewOf(draft), headers: { Location: `/v1/orders/${orderId}/returns` } };
    },
  });
}

function listReturns(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/orders/:orderId/returns',
    operationId: 'listReturns',
    summary: 'List the returns of an order, newest first',
    tag: 'returns',
    access: 'user',
    guests: true,
    staff: ['viewer'],
    scopes: ['orders:read'],
    params: OrderPath,
    responses: {
      200: {
        description: 'The returns',
        body: z.object({ items: z.array(ReturnView) }),
        links: linksTo(['receiveReturn'], { returnId: '$response.body#/items/0/id' }),
      },
    },
    problems: { 404: ['OrderNotFound'] },
    async handle({ params, caller }) {
      const { id: orderId } = await ownOrder(orders, params.orderId, caller!);
      const { items } = await orders.listReturns({ orderId });
      return { status: 200, body: { items: items.map(viewOf) } };
    },
  });
}

function receiveReturn(orders: OrderRequests, workflows: Workflows): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/returns/:returnId/receive',
    operationId: 'receiveReturn',
    summary: 'Record the returned goods: restocks what can be resold, and refunds',
    tag: 'returns',
    access: 'staff',
    staff: ['fulfilment'],
    scopes: ['returns:write'],
    idempotent: true,
    params: z.object({ returnId: z.string() }),
    body: ReceivedGoods,
    responses: {
      200: {
        description: 'Recorded; restock and refund follow',
        body: ReturnView,
        links: linksTo(['listReturns', 'readOrder'], { orderId: '$response.body#/orderId' }),
      },
    },
    problems: { 404: ['ReturnNotFound'], 409: ['AlreadyReceived', 'NotInReturn'] },
    async handle(request) {
      const returnId = idOr404(request.params.returnId, 'ReturnNotFound');
      const lines = sumLines(request.body.lines, ({ sku, condition }) => `${sku} ${condition}`);
      const goods = { returnId, lines, updateId: effectId('receiveReturn', request), retried: request.retried };
      return { status: 200, body: viewOf(await receiveGoods({ orders, workflows }, goods)) };
    },
  });
}
