import { z } from 'zod';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { StoredBody, performOnce, replyWith } from '../outcomes.ts';
import type { SqliteFile } from '../sqlite.ts';
import type { Customers } from './customers.ts';

/** Customers, and the end of the payment methods that are saved for them. An authorization saves one. */
export const customerRoutes = (db: SqliteFile, customers: Customers): AnyRoute[] => [
  route({
    method: 'post',
    path: '/customers',
    operationId: 'addCustomer',
    summary: 'Registers one customer per Idempotency-Key',
    tag: 'customers',
    access: 'public',
    idempotent: true,
    body: z.strictObject({}),
    responses: { 201: { description: 'The customer', body: StoredBody } },
    problems: { 422: ['IdempotencyKeyReused'] },
    async handle({ body, idempotencyKey: key }) {
      const request = { key: key!, action: 'customer', subject: key!, payload: body };
      return replyWith(await performOnce(db, request, {}, () => customers.add()));
    },
  }),
  route({
    method: 'post',
    path: '/payment-methods/:id/detach',
    operationId: 'detachPaymentMethod',
    summary: 'Detaches a saved payment method from its customer: it cannot be used any more. A repeat changes nothing',
    tag: 'customers',
    access: 'public',
    params: z.object({ id: z.string().min(1).max(100) }),
    body: z.strictObject({}),
    responses: { 200: { description: 'The payment method', body: StoredBody } },
    problems: { 404: ['NotFound'] },
    handle: async ({ params: { id } }) => replyWith(db.transaction(() => customers.detach(id))),
  }),
];
