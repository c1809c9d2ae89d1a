import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { StoredBody, replyWith } from '../outcomes.ts';
import type { Disputes } from './disputes.ts';

const id = z.string().min(1).max(100);

/** What the banks of card holders do. */
export const disputeRoutes = (disputes: Disputes): AnyRoute[] => [
  route({
    method: 'get',
    path: '/disputes/:id',
    operationId: 'readDispute',
    summary: 'How a dispute stands',
    tag: 'money',
    access: 'public',
    params: z.object({ id }),
    responses: { 200: { description: 'The dispute', body: StoredBody } },
    problems: { 404: ['NotFound'] },
    async handle({ params }) {
      const body = disputes.describe(params.id);
      if (!body) throw new Problem(404, 'NotFound', 'the processor does not know this dispute');
      return { status: 200, body };
    },
  }),
  route({
    method: 'post',
    path: '/payments/:orderId/dispute',
    operationId: 'closeDispute',
    summary: 'Decides the dispute of a payment as the card’s bank, and sends the event about it',
    tag: 'money',
    access: 'public',
    params: z.object({ orderId: id }),
    query: z.strictObject({ holdId: id.optional() }),
    body: z.strictObject({ outcome: z.enum(['won', 'lost']) }),
    responses: { 200: { description: 'The dispute', body: StoredBody } },
    problems: { 404: ['NotFound'], 409: ['AlreadyDecided'] },
    handle: async ({ params, query, body }) => replyWith(disputes.close({ ...params, ...query }, body.outcome)),
  }),
];
