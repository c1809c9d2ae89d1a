import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { DraftReturn, ReceivedLine, Return } from '../../activities/return.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { linksTo } from '../openapi/links.ts';
import { sumLines } from './lines.ts';
import { OrderPath, idOr404, ownOrder } from '../own-order.ts';
import { carryOnOthers, receiveGoods, startReturn } from './returns.ts';
import type { Workflows } from '../workflow-client.ts';

const ReturnView = Return.omit({ customerId: true, refund: true })
  .extend({ refund: Return.shape.refund.unwrap().optional() })
  .meta({
    id: 'Return',
    examples: [
      {
        id: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
        orderId: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
        status: 'refunded',
        lines: [{ sku: '85123A', quantity: 1 }],
        received: [{ sku: '85123A', quantity: 1, condition: 'damaged' }],
        refund: { amountMinor: 255, currency: 'GBP' },
        reason: 'arrived broken',
        createdAt: '2026-01-12T09:00:00.000Z',
        updatedAt: '2026-01-15T10:30:00.000Z',
      },
    ],
  });
const AskReturn = DraftReturn.pick({ reason: true })
  .strict()
  .extend({ lines: z.array(StockLine).min(1).max(2000) })
  .meta({ id: 'AskReturn', examples: [{ lines: [{ sku: '85123A', quantity: 1 }], reason: 'arrived broken' }] });
const Received = z.strictObject({ lines: z.array(ReceivedLine).min(1).max(4000) }).meta({
  id: 'ReceivedGoods',
  examples: [{ lines: [{ sku: '85123A', quantity: 1, condition: 'damaged' }] }],
});

const viewOf = ({ refund, ...kept }: Return): z.infer<typeof ReturnView> => ({ ...kept, ...(refund && { refund }) });

/** Sending goods back. */
export const returnRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/orders/:orderId/returns',
    operationId: 'askReturn',
    summary: 'Ask to send delivered goods back',
    tag: 'returns',
    access: 'user',
    idempotent: true,
    params: OrderPath,
    body: AskReturn,
    responses: {
      201: {
        description: 'Asked for',
        body: ReturnView,
        headers: { Location: 'where the order’s returns are listed' },
        links: {
          ...linksTo(['receiveReturn'], { returnId: '$response.body#/id' }),
          ...linksTo(['listReturns', 'readOrder'], { orderId: '$response.body#/orderId' }),
        },
      },
    },
    problems: { 404: ['OrderNotFound'], 409: ['NotReturnable', 'TooMany'] },
    async handle(asked) {
      const { id: orderId } = await ownOrder(orders, asked.params.orderId, asked.caller!);
      const lines = sumLines(asked.body.lines);
      const returnId = effectId('askReturn', asked);
      const kept = await orders
        .draftReturn({ returnId, orderId, lines, reason: asked.body.reason })
        .catch((error: unknown) => carryOnOthers(error, { orders, workflows, orderId }));
      // One that is past that has had its workflow, which Temporal may have forgotten by now.
      if (kept.status === 'requested') await startReturn(workflows, kept);
      return { status: 201, body: viewOf(kept), headers: { Location: `/v1/orders/${orderId}/returns` } };
    },
  }),

  route({
    method: 'get',
    path: '/v1/orders/:orderId/returns',
    operationId: 'listReturns',
    summary: 'List the returns of an order, newest first',
    tag: 'returns',
    access: 'user',
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
  }),

  route({
    method: 'post',
    path: '/v1/returns/:returnId/receive',
    operationId: 'receiveReturn',
    summary: 'Note that the goods of a return are back: restocks what is resellable and refunds',
    tag: 'returns',
    access: 'admin',
    scopes: ['returns:write'],
    idempotent: true,
    params: z.object({ returnId: z.string() }),
    body: Received,
    responses: {
      200: {
        description: 'Noted; restock and refund follow',
        body: ReturnView,
        links: linksTo(['listReturns', 'readOrder'], { orderId: '$response.body#/orderId' }),
      },
    },
    problems: { 404: ['ReturnNotFound'], 409: ['AlreadyReceived', 'NotInReturn'] },
    async handle(asked) {
      const returnId = idOr404(asked.params.returnId, 'ReturnNotFound');
      const lines = sumLines(asked.body.lines, ({ sku, condition }) => `${sku} ${condition}`);
      const goods = { returnId, lines, updateId: effectId('receiveReturn', asked), retried: asked.retried };
      return { status: 200, body: viewOf(await receiveGoods({ orders, workflows }, goods)) };
    },
  }),
];
