import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { AsDecided, type Outcome, outcomeOf, perform, replyWith } from '../outcomes.ts';
import type { Books } from '../sqlite.ts';
import { ledgerRoute } from '../server.ts';
import { cardless } from './card-number.ts';
import { ENTRY_COLUMNS, createLedger } from './ledger.ts';
import { type Action, troubleOf } from './payment-methods.ts';

const OrderOnly = z.strictObject({ orderId: z.string().min(1).max(100) });
const Refund = OrderOnly.extend({
  amountMinor: z.int().min(0).max(999_999_999_999),
  currency: z.string().regex(/^[A-Z]{3}$/),
});
const Authorize = Refund.extend({ paymentMethod: z.string().min(1).max(100) });

/** The card processor's API. */
export function processorRoutes(books: Books): AnyRoute[] {
  const ledger = createLedger(books);

  function effect<Body extends { orderId: string; paymentMethod?: string }>(
    endpoint: { path: string; action: Action; body: z.ZodType<Body> },
    decide: (body: Body, key: string) => Outcome,
  ): AnyRoute {
    const { path, action } = endpoint;
    return route({
      method: 'post',
      path,
      operationId: action,
      summary: `Decides once for each Idempotency-Key on one ${action}`,
      tag: 'money',
      access: 'public',
      idempotent: true,
      body: cardless(endpoint.body),
      responses: { 201: { description: 'The entry in the ledger', body: AsDecided } },
      problems: { 402: ['CardDeclined'], 409: ['Voided'], 422: ['IdempotencyKeyReused'], 503: ['Unavailable'] },
      async handle({ body, idempotencyKey }) {
        const key = idempotencyKey!;
        const paymentMethod = body.paymentMethod ?? ledger.paymentMethodOf(body.orderId);
        // An order may be refunded more than once, and each of them has its own trouble where every call has.
        const trouble = troubleOf(paymentMethod, action);
        const subject = action === 'refund' && !trouble.drops ? key : body.orderId;
        const asking = { key, action, subject, payload: body };
        return replyWith(await perform(books, asking, trouble, () => decide(body, key)));
      },
    });
  }

  return [
    effect({ path: '/authorizations', action: 'authorization', body: Authorize }, (body, key) =>
      ledger.authorize(body, key),
    ),
    effect({ path: '/captures', action: 'capture', body: OrderOnly }, (body, key) => ledger.capture(body, key)),
    effect({ path: '/voids', action: 'void', body: OrderOnly }, (body, key) => ledger.void(body, key)),
    effect({ path: '/refunds', action: 'refund', body: Refund }, (body, key) => ledger.refund(body, key)),
    operationRoute(books),
    ledgerRoute(books, ENTRY_COLUMNS),
  ];
}

const operationRoute = (books: Books): AnyRoute =>
  route({
    method: 'get',
    path: '/operations/:idempotencyKey',
    operationId: 'readOperation',
    summary: 'What was answered under this key, for whoever did not hear it',
    tag: 'money',
    access: 'public',
    params: z.object({ idempotencyKey: z.string() }),
    responses: { 200: { description: 'Status and body of the answer', body: AsDecided } },
    problems: { 404: ['NotFound'] },
    async handle({ params }) {
      const outcome = outcomeOf(books, params.idempotencyKey);
      if (!outcome) throw new Problem(404, 'NotFound', 'nothing was decided under this key');
      return { status: 200, body: outcome };
    },
  });
