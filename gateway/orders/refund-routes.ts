import { z } from 'zod';
import type { OrderRequests } from '../../activities/order.ts';
import { DraftRefund, Refund, RefundedPart } from '../../activities/refund.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { MUG, MUG_MINOR } from '../openapi/examples.ts';
import { linksTo } from '../openapi/links.ts';
import { idOr404 } from '../path-ids.ts';
import { sumLines } from './lines.ts';
import { OrderPath } from './own-order.ts';

const { lines: _lines, note: _note, ...always } = Refund.shape;
const RefundView = z
  .object({ ...always, lines: Refund.shape.lines.unwrap().optional(), note: z.string().optional() })
  .meta({
    id: 'Refund',
    examples: [
      {
        id: '4c7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
        orderId: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
        status: 'refunded',
        amount: { amountMinor: MUG_MINOR, currency: 'GBP' },
        lines: [{ sku: MUG.sku, quantity: 1 }],
        reason: 'damaged',
        note: 'sent a photo',
        requestedBy: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b11',
        createdAt: '2026-01-12T09:00:00.000Z',
        updatedAt: '2026-01-12T09:00:01.000Z',
      },
    ],
  });

const [ofAmount, ofLines] = RefundedPart.options;
const AskRefund = z
  .strictObject({
    amount: ofAmount.shape.amount.optional(),
    lines: ofLines.shape.lines.optional(),
    reason: DraftRefund.shape.reason,
    note: DraftRefund.shape.note,
  })
  .refine(({ amount, lines }) => (amount === undefined) !== (lines === undefined), {
    error: 'send either amount or lines',
    path: ['amount'],
  })
  .meta({
    id: 'AskRefund',
    override: { oneOf: [{ required: ['amount'] }, { required: ['lines'] }] },
    examples: [
      { amount: { amountMinor: 500, currency: 'GBP' }, reason: 'goodwill', note: 'late parcel' },
      { lines: [{ sku: MUG.sku, quantity: 1 }], reason: 'damaged' },
    ],
  });

const viewOf = ({ lines, note, ...rest }: Refund): z.infer<typeof RefundView> => ({
  ...rest,
  ...(lines && { lines }),
  ...(note !== null && { note }),
});

/** Giving money back without a return. */
export const refundRoutes = (orders: OrderRequests, limits: RefundLimits): AnyRoute[] => [
  askRefund(orders, limits),
  listRefunds(orders),
];

export interface RefundLimits {
  /** What `support` may refund of one order in total, in the major unit of its currency, such as pounds. */
  supportRefundLimit: number;
}

function askRefund(orders: OrderRequests, { supportRefundLimit }: RefundLimits): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/admin/orders/:orderId/refunds',
    operationId: 'askRefund',
    summary: 'Refund an amount, or the price of some pieces, without a return',
    tag: 'refunds',
    access: 'staff',
    staff: ['support'],
    idempotent: true,
    params: OrderPath,
    body: AskRefund,
    responses: {
      202: {
        description: 'Requested: the amount is reserved, and paid back next',
        body: RefundView,
        headers: { Location: 'the path of the order’s list of refunds' },
        links: linksTo(['listRefunds', 'readOrder'], { orderId: '$response.body#/orderId' }),
      },
    },
    problems: {
      403: ['RefundAboveLimit'],
      404: ['OrderNotFound'],
      409: ['RefundTooLarge', 'TooMany', 'NothingToRefund'],
    },
    async handle(request) {
      const orderId = idOr404(request.params.orderId, 'OrderNotFound');
      const { amount, lines, reason, note } = request.body;
      const refund = await orders
        .draftRefund({
          refundId: effectId('askRefund', request),
          orderId,
          part: lines ? { lines: sumLines(lines) } : { amount: amount! },
          reason,
          ...(note !== undefined && { note }),
          requestedBy: request.caller!.id,
          ...(request.caller!.role !== 'admin' && { limit: supportRefundLimit }),
        })
        .catch(pointAtCurrency);
      return { status: 202, body: viewOf(refund), headers: { Location: `/v1/admin/orders/${orderId}/refunds` } };
    },
  });
}

function pointAtCurrency(error: unknown): never {
  if (!(error instanceof Refusal) || error.code !== 'WrongCurrency') throw error;
  const errors = [{ pointer: '/amount/currency', detail: error.message }];
  throw new Problem(400, 'InvalidRequest', 'the request body is invalid', { errors, cause: error });
}

function listRefunds(orders: OrderRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/admin/orders/:orderId/refunds',
    operationId: 'listRefunds',
    summary: 'List the refunds of an order without those of its returns, newest first',
    tag: 'refunds',
    access: 'staff',
    staff: ['support'],
    params: OrderPath,
    responses: { 200: { description: 'The refunds', body: z.object({ items: z.array(RefundView) }) } },
    problems: { 404: ['OrderNotFound'] },
    async handle({ params }) {
      const { items } = await orders.listRefunds({ orderId: idOr404(params.orderId, 'OrderNotFound') });
      return { status: 200, body: { items: items.map(viewOf) } };
    },
  });
}
