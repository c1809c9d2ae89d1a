import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { StoredBody, replyWith } from '../outcomes.ts';
import { formPage } from '../page.ts';
import type { Confirmations } from './confirmations.ts';
import type { HoldRef } from './entries.ts';
import type { Ledger } from './ledger.ts';

const PaymentPath = z.object({ orderId: z.string().min(1).max(100) });
/** Absent: the order's newest hold. */
const HoldQuery = z.strictObject({ holdId: z.string().min(1).max(100).optional() });
const Decision = z.strictObject({ outcome: z.enum(['succeeded', 'failed']) });

/** What the holder of a card and its bank do, and what the processor says about it. */
export const confirmationRoutes = (ledger: Ledger, confirmations: Confirmations): AnyRoute[] => [
  route({
    method: 'get',
    path: '/payments/:orderId',
    operationId: 'readPayment',
    summary: 'Where a payment stands',
    tag: 'money',
    access: 'public',
    params: PaymentPath,
    query: HoldQuery,
    responses: { 200: { description: 'The payment', body: StoredBody } },
    problems: { 404: ['NotFound'] },
    async handle({ params: { orderId }, query }) {
      return { status: 200, body: { orderId, status: statusOf(ledger, { orderId, ...query }) } };
    },
  }),
  route({
    method: 'post',
    path: '/payments/:orderId/authenticate',
    operationId: 'authenticate',
    summary: 'Confirms a payment as the card’s holder, or fails to',
    tag: 'money',
    access: 'public',
    params: PaymentPath,
    query: HoldQuery,
    body: Decision,
    responses: { 200: { description: 'The payment', body: StoredBody } },
    problems: { 404: ['NotFound'], 409: ['Voided', 'AlreadyDecided'] },
    handle: async ({ params, query, body }) => replyWith(ledger.confirm({ ...params, ...query }, body.outcome)),
  }),
  route({
    method: 'post',
    path: '/payments/:orderId/tell',
    operationId: 'tell',
    summary: 'Sends the event about what the card’s holder did, again if it was sent before',
    tag: 'money',
    access: 'public',
    params: PaymentPath,
    query: HoldQuery,
    responses: { 202: { description: 'The event', body: StoredBody } },
    problems: { 409: ['NothingToTell'] },
    handle: async ({ params, query }) => replyWith(confirmations.tell({ ...params, ...query })),
  }),
  route({
    method: 'post',
    path: '/payments/:orderId/expire',
    operationId: 'expire',
    summary: 'Lets the card’s bank release a hold by itself, and sends the event about it, again if it was sent before',
    tag: 'money',
    access: 'public',
    params: PaymentPath,
    query: HoldQuery,
    responses: { 200: { description: 'The payment', body: StoredBody } },
    problems: { 409: ['NothingHeld'] },
    handle: async ({ params, query }) => replyWith(ledger.expire({ ...params, ...query })),
  }),
  route({
    method: 'get',
    path: '/payments/:orderId/confirm',
    operationId: 'readConfirmationPage',
    summary: 'The page on which the card’s holder confirms',
    tag: 'money',
    access: 'public',
    params: PaymentPath,
    query: HoldQuery,
    responses: { 200: { description: 'A page', mediaType: 'text/html' } },
    problems: { 404: ['NotFound'] },
    handle: async ({ params: { orderId }, query }) => pageOf(orderId, statusOf(ledger, { orderId, ...query })),
  }),
  route({
    method: 'post',
    path: '/payments/:orderId/confirm',
    operationId: 'confirm',
    summary: 'The buttons of that page',
    tag: 'money',
    access: 'public',
    params: PaymentPath,
    query: HoldQuery,
    form: true,
    body: Decision,
    responses: { 200: { description: 'A page', mediaType: 'text/html' } },
    problems: { 404: ['NotFound'], 409: ['Voided', 'AlreadyDecided'] },
    async handle({ params: { orderId }, query, body }) {
      const { body: decided } = replyWith(ledger.confirm({ orderId, ...query }, body.outcome));
      return pageOf(orderId, String((decided as { status: unknown }).status));
    },
  }),
];

function statusOf(ledger: Ledger, hold: HoldRef): string {
  const status = ledger.statusOf(hold);
  if (!status) throw new Problem(404, 'NotFound', 'the processor does not know this payment');
  return status;
}

const pageOf = (orderId: string, status: string) =>
  formPage({
    title: 'Confirm a payment',
    about:
      status === 'requires_action'
        ? `Your bank asks you to confirm the payment of order ${orderId}.`
        : `The payment of order ${orderId} is ${status}. You can go back to the shop.`,
    buttons:
      status === 'requires_action'
        ? [
            { name: 'outcome', value: 'succeeded', text: 'Confirm' },
            { name: 'outcome', value: 'failed', text: 'Refuse' },
          ]
        : [],
  });
