import type { OrderRequests } from '../../activities/order.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { OrderPath, ownOrder } from './own-order.ts';
import type { OrderStreams } from './streams.ts';

/** The stream of an order's history entries. */
export const orderStreamRoutes = (orders: OrderRequests, streams: OrderStreams): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/orders/:orderId/events',
    operationId: 'followOrder',
    summary: 'Follow the history of an order as a stream of events',
    tag: 'orders',
    access: 'user',
    guests: true,
    staff: ['viewer'],
    scopes: ['orders:read'],
    params: OrderPath,
    headers: {
      'Last-Event-ID':
        'the last `id` you received; the stream continues after it, or starts from the beginning if it is not an id of this stream',
    },
    responses: {
      200: {
        description:
          'Server-sent events. Each `step` event contains a history entry, and an `id` to continue from. Comments are ' +
          'heartbeats. `end` is the last event: the order can no longer change. Reconnect if the stream ends without it.',
        mediaType: 'text/event-stream',
      },
      204: { description: 'There are no entries after Last-Event-ID and there will be none: do not reconnect' },
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
          // Compression or buffering, here or in a proxy, would delay the events.
          'Cache-Control': 'no-store, no-transform',
          'X-Accel-Buffering': 'no',
        },
      };
    },
  }),
];

/** With an id that is not of this order's stream the history is sent from the beginning; followStory checks the number. */
const positionOf = (lastEventId: string): number => (/^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0);
