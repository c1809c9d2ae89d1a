import { z } from 'zod';
import { Intervention, ListInterventions } from '../../activities/order-intervention.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { text } from '../../activities/text.ts';
import { Time } from '../../activities/time.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type AnyRoute, type RouteRequest, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { MUG_MINOR } from '../openapi/examples.ts';
import { linksTo } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { idOr404 } from '../path-ids.ts';
import type { Workflows } from '../upstream/workflow-client.ts';

const { step, reason, state, orderId, blocks, finding, attempts, tried, allowedActions } = Intervention.shape;
const InterventionView = Intervention.extend({
  orderId: orderId.meta({ description: 'null for a discrepancy that is about no order of ours' }),
  step: step.meta({
    description:
      'the step that was refused; before the confirmation, its compensation; `reconcile`: a discrepancy of the books',
  }),
  reason: reason.meta({ description: 'the last error; of a discrepancy, what is expected and what was found' }),
  blocks: blocks.meta({
    description:
      'what waits for the decision; `amount` is the refund of a return, or the total; null for a discrepancy: nothing waits',
  }),
  finding: finding
    .unwrap()
    .meta({ description: 'the discrepancy, and when a comparison last found it; null for a step' }),
  attempts: attempts.meta({ description: 'how often the step, or its compensation, failed before the decision' }),
  tried: tried.meta({ description: 'the last 20 entries of the step in the history, until the decision' }),
  allowedActions: allowedActions.meta({
    description: 'what may be decided now, and what that does; none once resolved',
  }),
  openedAt: Intervention.shape.openedAt.meta({ description: 'since when it waits' }),
}).meta({
  id: 'Intervention',
  examples: [
    {
      id: '0b7f3c1e-4d5a-4f0e-9c55-2f6f0f0f8b9c',
      orderId: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
      workflowId: 'order-6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
      step: 'authorizePayment',
      reason: 'the processor refuses to void this payment',
      state: 'open',
      blocks: {
        orderNumber: '10042',
        customerId: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11',
        returnId: null,
        amount: { amountMinor: 2 * MUG_MINOR, currency: 'GBP' },
      },
      finding: null,
      attempts: 1,
      tried: [
        { at: '2026-01-05T08:00:00.000Z', step: 'authorizePayment', outcome: 'started' },
        { at: '2026-01-05T08:00:00.120Z', step: 'authorizePayment', outcome: 'succeeded', attempt: 1 },
        {
          at: '2026-01-05T09:00:00.000Z',
          step: 'authorizePayment',
          outcome: 'compensation_failed',
          attempt: 1,
          detail: 'the processor refuses to void this payment',
        },
      ],
      allowedActions: [
        { action: 'retry', effect: 'Asks the card processor again to release the money that it holds.' },
        {
          action: 'skip',
          effect:
            'The money stays held until you release it at the card processor. The paymentStatus stays requires_action.',
        },
      ],
      action: null,
      note: null,
      resolvedBy: null,
      openedAt: '2026-01-05T09:00:00.000Z',
      resolvedAt: null,
    },
  ],
});
const Resolve = z.strictObject({ action: InterventionAction, note: text(500) }).meta({
  id: 'ResolveIntervention',
  examples: [{ action: 'retry', note: 'the card processor has lifted the block' }],
});
type Resolve = z.infer<typeof Resolve>;

/** What a person must decide: steps and compensations that were refused for good, and discrepancies of the books. */
export const interventionRoutes = (orders: OrderRequests, workflows: Workflows): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/interventions',
    operationId: 'listInterventions',
    summary: 'List what a person must decide, newest first',
    tag: 'interventions',
    access: 'staff',
    staff: ['viewer'],
    scopes: ['interventions:read'],
    query: z.strictObject({
      state: state.optional(),
      step: ListInterventions.shape.step,
      since: Time.optional().meta({ description: 'only those that were opened at this time or later' }),
      ...pageQuery,
    }),
    responses: {
      200: {
        description: 'A page of interventions',
        body: listOf(InterventionView),
        links: {
          ...linksTo(['readIntervention', 'resolveIntervention'], { interventionId: '$response.body#/items/0/id' }),
          ...linksTo(['readOrder', 'readHistory'], { orderId: '$response.body#/items/0/orderId' }),
        },
      },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { cursor, limit, ...filter } }) {
      const page = await orders.listInterventions({ ...filter, after: cursor, limit });
      const next = nextPage('/v1/admin/interventions', page.next, { limit, ...filter });
      return { status: 200, body: { items: page.items, next } };
    },
  }),

  route({
    method: 'get',
    path: '/v1/admin/interventions/:interventionId',
    operationId: 'readIntervention',
    summary: 'Read what a person must decide, or has decided',
    tag: 'interventions',
    access: 'staff',
    staff: ['viewer'],
    scopes: ['interventions:read'],
    params: z.object({ interventionId: z.string() }),
    responses: {
      200: {
        description: 'The intervention',
        body: InterventionView,
        links: {
          ...linksTo(['resolveIntervention'], { interventionId: '$response.body#/id' }),
          ...linksTo(['readOrder', 'readHistory'], { orderId: '$response.body#/orderId' }),
        },
      },
    },
    problems: { 404: ['InterventionNotFound'] },
    async handle({ params }) {
      const interventionId = idOr404(params.interventionId, 'InterventionNotFound');
      return { status: 200, body: await orders.getIntervention({ interventionId }) };
    },
  }),

  route({
    method: 'post',
    path: '/v1/admin/interventions/:interventionId/resolve',
    operationId: 'resolveIntervention',
    summary:
      'Resolve an intervention: retry the step, skip it, or say that you have refunded in another way; compare again, or accept a discrepancy',
    tag: 'interventions',
    access: 'staff',
    staff: ['support'],
    scopes: ['interventions:write'],
    idempotent: true,
    params: z.object({ interventionId: z.string() }),
    body: Resolve,
    responses: {
      200: {
        description: 'Resolved; the workflow continues. After the `retry` of a discrepancy: open if it is still there',
        body: InterventionView,
      },
    },
    problems: { 404: ['InterventionNotFound'], 409: ['InterventionClosed', 'ActionNotAllowed'] },
    async handle(request) {
      const interventionId = idOr404(request.params.interventionId, 'InterventionNotFound');
      const intervention = await orders.getIntervention({ interventionId });
      if (!isDone(intervention, request)) await resolve(intervention, request, { orders, workflows });
      return { status: 200, body: await orders.getIntervention({ interventionId }) };
    },
  }),
];

/** Whether this same request took effect before and its response was lost. */
const isDone = ({ state, action, note, resolvedBy }: Intervention, { body, caller, retried }: ResolveRequest) =>
  retried && state === 'resolved' && action === body.action && note === body.note && resolvedBy === caller!.id;

type ResolveRequest = RouteRequest<unknown, unknown, Resolve>;

async function resolve(
  { id, state, finding, workflowId }: Intervention,
  request: ResolveRequest,
  { orders, workflows }: { orders: OrderRequests; workflows: Workflows },
) {
  if (state !== 'open') throw closed();
  const resolution = { ...request.body, interventionId: id, resolvedBy: request.caller!.id };
  if (finding) {
    // No workflow waits for it.
    await orders.resolveFinding(resolution);
    return;
  }
  try {
    await workflows.resolveIntervention({ workflowId, resolution, updateId: effectId('resolveIntervention', request) });
  } catch (error) {
    throw error instanceof Refusal && error.code === 'WorkflowEnded' ? closed() : error;
  }
}

const closed = () => new Refusal('InterventionClosed', 'this intervention has already been resolved');
