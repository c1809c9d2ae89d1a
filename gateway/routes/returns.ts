import { z } from 'zod';
import { StockLine } from '../../activities/identity.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { DraftReturn, ReceivedLine, Return } from '../../activities/return.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../effect-id.ts';
import { sumLines } from '../order-lines.ts';
import { OrderPath, idOr404, ownOrder } from '../ownership.ts';
import { carryOnOthers, receiveGoods, startReturn } from '../returning.ts';
import type { Workflows } from '../workflows.ts';

const ReturnView = Return.omit({ customerId: true, refund: true })
  .extend({ refund: Return.shape.refund.unwrap().optional() })
  .meta({ id: 'Return' });
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
    params: OrderPath,
    responses: { 200: { description: 'The returns', body: z.object({ items: z.array(ReturnView) }) } },
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
    idempotent: true,
    params: z.object({ returnId: z.string() }),
    body: Received,
    responses: { 200: { description: 'Noted; restock and refund follow', body: ReturnView } },
    problems: { 404: ['ReturnNotFound'], 409: ['AlreadyReceived', 'NotInReturn'] },
    async handle(asked) {
      const returnId = idOr404(asked.params.returnId, 'ReturnNotFound');
      const lines = sumLines(asked.body.lines, ({ sku, condition }) => `${sku} ${condition}`);
      const goods = { returnId, lines, updateId: effectId('receiveReturn', asked), retried: asked.retried };
      return { status: 200, body: viewOf(await receiveGoods({ orders, workflows }, goods)) };
    },
  }),
];
