import { z } from 'zod';
import { NoteText, OrderNote } from '../../activities/order-note.ts';
import type { OrderRequests } from '../../activities/order.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { effectId } from '../idempotency/effect-id.ts';
import { linksTo } from '../openapi/links.ts';
import { OrderPath } from '../orders/own-order.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import { idOr404 } from '../path-ids.ts';

const NoteView = OrderNote.meta({
  id: 'OrderNote',
  examples: [
    {
      id: '0b7f3c1e-4d5a-8f0e-9c55-2f6f0f0f8b9c',
      orderId: '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c',
      author: { id: '0c6e2f4e-2b9a-4e0b-a3a5-8f2f5e1f6c11', name: 'Grace Hopper' },
      text: 'called: please leave it with the neighbour',
      createdAt: '2026-01-05T09:00:00.000Z',
    },
  ],
});
const NewNote = z
  .strictObject({ text: NoteText })
  .meta({ id: 'NewOrderNote', examples: [{ text: 'called: please leave it with the neighbour' }] });

const links = (pointer: string) =>
  linksTo(['readOrder', 'addNote', 'listNotes'], { orderId: `$response.body#${pointer}` });

/** What staff write down about an order, for each other. Customers never see it. */
export const noteRoutes = (orders: OrderRequests): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/admin/orders/:orderId/notes',
    operationId: 'addNote',
    summary: 'Write a note about an order; it cannot be changed or deleted',
    tag: 'notes',
    access: 'staff',
    staff: ['support'],
    idempotent: true,
    params: OrderPath,
    body: NewNote,
    responses: { 201: { description: 'Written', body: NoteView, links: links('/orderId') } },
    problems: { 404: ['OrderNotFound'] },
    async handle(request) {
      const orderId = idOr404(request.params.orderId, 'OrderNotFound');
      const noteId = effectId('addNote', request);
      const { text } = request.body;
      return { status: 201, body: await orders.addNote({ noteId, orderId, authorId: request.caller!.id, text }) };
    },
  }),

  route({
    method: 'get',
    path: '/v1/admin/orders/:orderId/notes',
    operationId: 'listNotes',
    summary: 'List the notes about an order, newest first',
    tag: 'notes',
    access: 'staff',
    staff: ['viewer'],
    params: OrderPath,
    query: z.strictObject(pageQuery),
    responses: {
      200: { description: 'A page of notes', body: listOf(NoteView), links: links('/items/0/orderId') },
    },
    problems: { 400: ['BadCursor'], 404: ['OrderNotFound'] },
    async handle({ params, query: { cursor, limit } }) {
      const orderId = idOr404(params.orderId, 'OrderNotFound');
      const page = await orders.listNotes({ orderId, after: cursor, limit });
      const next = nextPage(`/v1/admin/orders/${orderId}/notes`, page.next, { limit });
      return { status: 200, body: { items: page.items, next } };
    },
  }),
];
