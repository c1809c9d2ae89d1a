import type { OrderRequests } from '../../activities/order.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { OrderStreams } from './streams.ts';
import { OrderPath, ownOrder } from '../own-order.ts';

/** An order's story as it happens. */
export const orderEventRoutes = (orders: OrderRequests, streams: OrderStreams): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/orders/:orderId/events',
    operationId: 'followOrder',
    summary: 'Follow every step that is taken for an order, as it is taken',
    tag: 'orders',
    access: 'user',
    scopes: ['orders:read'],
    params: OrderPath,
    headers: { 'Last-Event-ID': 'the last `id` you have: the stream goes on after it' },
    responses: {
      200: {
        description:
          'Server-sent events: each `step` has a step of the history as its data and an `id` to go on from. Comments ' +
          'are heartbeats. `end` is the last: the order can change no more. Otherwise come back when it breaks off.',
        mediaType: 'text/event-stream',
      },
      204: { description: 'Nothing came after Last-Event-ID, and nothing will: do not come back' },
    },
    problems: { 404: ['OrderNotFound'], 429: ['TooManyStreams'] },
    async handle({ params, caller, header }) {
      const { id: orderId } = await ownOrder(orders, params.orderId, caller!);
      const stream = await streams.open({ orderId, callerId: caller!.id, after: positionOf(header('Last-Event-ID')) });
      if (!stream) return { status: 204 };
      return {
        status: 200,
        body: stream,
        headers: {
          'Content-Type': 'text/event-stream',
          // What a proxy, or we, would compress or hold back would come late.
          'Cache-Control': 'no-store, no-transform',
          'X-Accel-Buffering': 'no',
        },
      };
    },
  }),
];

/** One that is not ours is as good as none: the story is told from the beginning. */
const positionOf = (lastEventId: string): number => (/^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0);
