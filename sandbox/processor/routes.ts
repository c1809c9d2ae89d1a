import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { StoredBody, type StoredOutcome, findOutcome, performOnce, replyWith } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import { ledgerRoute } from '../server.ts';
import { withoutCardNumbers } from './card-number.ts';
import type { Confirmations } from './confirmations.ts';
import { confirmationRoutes } from './confirmation-routes.ts';
import { customerRoutes } from './customer-routes.ts';
import { Customers } from './customers.ts';
import { disputeRoutes } from './dispute-routes.ts';
import { Disputes } from './disputes.ts';
import { ENTRY_COLUMNS, type HoldRef } from './entries.ts';
import { Ledger } from './ledger.ts';
import { type Action, simulatedFaultOf } from './payment-methods.ts';

const HoldOnly = z.strictObject({
  orderId: z.string().min(1).max(100),
  /** Absent: the order's first hold. */
  holdId: z.string().min(1).max(100).optional(),
});
const AmountMinor = z.int().min(0).max(999_999_999_999);
const Capture = HoldOnly.extend({
  /** Absent: all that is held. */
  amountMinor: AmountMinor.optional(),
  /** Whether it is the hold's last capture, which releases the rest. Absent: it is. */
  final: z.boolean().optional(),
});
const Void = HoldOnly.extend({
  /** Also if something was captured: releases what was not. */
  rest: z.boolean().optional(),
});
const Refund = HoldOnly.extend({
  amountMinor: AmountMinor,
  currency: z.string().regex(/^[A-Z]{3}$/),
});
const Authorize = Refund.extend({
  paymentMethod: z.string().min(1).max(100),
  /** Whether the caller waits for the card's holder, if the card needs them. */
  customerMayAct: z.boolean().optional(),
  /** Whose saved payment method it is, or is to be. */
  customer: z.string().min(1).max(100).optional(),
  /** Whether the payment method is to be saved for the customer. */
  save: z.boolean().optional(),
});

/** The card processor's API. */
export function processorRoutes(db: SqliteFile, confirmations: Confirmations): AnyRoute[] {
  const customers = new Customers(db);
  const disputes = new Disputes(db, confirmations);
  const ledger = new Ledger(db, { confirmations, customers, disputes });

  function effectRoute<Body extends HoldRef & { paymentMethod?: string }>(
    endpoint: { path: string; action: Action; body: z.ZodType<Body> },
    decide: (body: Body, key: string) => StoredOutcome,
  ): AnyRoute {
    const { path, action } = endpoint;
    return route({
      method: 'post',
      path,
      operationId: action,
      summary: `Decides on one ${action} per Idempotency-Key`,
      tag: 'money',
      access: 'public',
      idempotent: true,
      body: withoutCardNumbers(endpoint.body),
      responses: {
        201: { description: 'The entry in the ledger', body: StoredBody },
        202: { description: 'The card’s holder must confirm', body: StoredBody },
      },
      problems: { 402: ['CardDeclined'], 409: ['Voided'], 422: ['IdempotencyKeyReused'], 503: ['Unavailable'] },
      async handle({ body, idempotencyKey }) {
        const key = idempotencyKey!;
        // An order can have several refunds. `drops` affects the first refund of an order, the other faults each refund.
        const fault = simulatedFaultOf(ledger.cardOf(body), action);
        const subject = action === 'refund' && !fault.drops ? key : body.orderId;
        const request = { key, action, subject, payload: body };
        return replyWith(await performOnce(db, request, fault, () => decide(body, key)));
      },
    });
  }

  return [
    effectRoute({ path: '/authorizations', action: 'authorization', body: Authorize }, (body, key) =>
      ledger.authorize(body, key),
    ),
    effectRoute({ path: '/captures', action: 'capture', body: Capture }, (body, key) => ledger.capture(body, key)),
    effectRoute({ path: '/voids', action: 'void', body: Void }, (body, key) => ledger.void(body, key)),
    effectRoute({ path: '/refunds', action: 'refund', body: Refund }, (body, key) => ledger.refund(body, key)),
    operationRoute(db, ledger),
    outcomeRoute(ledger, 'refund'),
    outcomeRoute(ledger, 'capture'),
    ...customerRoutes(db, customers),
    ...confirmationRoutes(ledger, confirmations),
    ...disputeRoutes(disputes),
    ledgerRoute(db, ENTRY_COLUMNS),
  ];
}

const outcomeRoute = (ledger: Ledger, type: 'refund' | 'capture'): AnyRoute =>
  route({
    method: 'get',
    path: `/${type}s/:id`,
    operationId: type === 'refund' ? 'readRefund' : 'readCapture',
    summary: `What became of a ${type} that was accepted: it succeeded, or failed later`,
    tag: 'money',
    access: 'public',
    params: z.object({ id: z.string().min(1).max(100) }),
    responses: { 200: { description: `The ${type}`, body: StoredBody } },
    problems: { 404: ['NotFound'] },
    async handle({ params: { id } }) {
      const status = ledger.outcomeOf(type, id);
      if (!status) throw new Problem(404, 'NotFound', `the processor does not know this ${type}`);
      return { status: 200, body: { id, status } };
    },
  });

const operationRoute = (db: SqliteFile, ledger: Ledger): AnyRoute =>
  route({
    method: 'get',
    path: '/operations/:idempotencyKey',
    operationId: 'readOperation',
    summary: 'The outcome of this key, for a caller that lost the response or waits for the card’s holder',
    tag: 'money',
    access: 'public',
    params: z.object({ idempotencyKey: z.string() }),
    responses: { 200: { description: 'Status and body of the response', body: StoredBody } },
    problems: { 404: ['NotFound'] },
    async handle({ params }) {
      const outcome = findOutcome(db, params.idempotencyKey);
      if (!outcome) throw new Problem(404, 'NotFound', 'no outcome is stored under this key');
      const isPending = outcome.status === 202;
      return { status: 200, body: isPending ? ledger.confirmedOutcome(outcome.body as unknown as HoldRef) : outcome };
    },
  });
