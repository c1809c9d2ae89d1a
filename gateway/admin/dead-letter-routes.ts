import { z } from 'zod';
import { text } from '../../activities/text.ts';
import { DeadLetter, type DeadLetterRequests, ResolveDeadLetter, eventRefusal } from '../../platform/contract/event.ts';
import { decodeAge, encodeAge } from '../../platform/database/cursor.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { linksTo } from '../openapi/links.ts';
import { listOf, nextPage, pageQuery } from '../paging.ts';
import type { Subscribers } from '../upstream/service-clients.ts';

const DeadLetterView = DeadLetter.omit({ eventId: true })
  .extend({ id: z.string(), subscriber: z.string() })
  .meta({
    id: 'DeadLetter',
    examples: [
      {
        id: 'notification.6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
        subscriber: 'notification',
        publisher: 'order',
        type: 'order.shipped',
        subject: '0c6e2f4e-2b9a-8e0b-a3a5-8f2f5e1f6c11',
        time: '2026-01-05T09:00:00.000Z',
        data: { orderId: '0c6e2f4e-2b9a-8e0b-a3a5-8f2f5e1f6c11' },
        attempts: 12,
        lastError: 'Error: a template is missing',
        nextAttemptAt: '2026-01-05T09:20:00.000Z',
        receivedAt: '2026-01-05T09:00:00.000Z',
        waitingBehind: 1,
      },
    ],
  });
type DeadLetterView = z.infer<typeof DeadLetterView>;
const Resolve = z
  .strictObject({ action: ResolveDeadLetter.shape.action, note: text(500) })
  .meta({ id: 'ResolveDeadLetter', examples: [{ action: 'discard', note: 'the customer was told by telephone' }] });

/** Events that a subscriber could not handle in many attempts. */
export const deadLetterRoutes = (subscribers: Subscribers): AnyRoute[] => [
  route({
    method: 'get',
    path: '/v1/admin/dead-letters',
    operationId: 'listDeadLetters',
    summary: 'List events that a subscriber cannot handle, newest first',
    tag: 'events',
    access: 'staff',
    staff: ['viewer'],
    query: z.strictObject(pageQuery),
    responses: {
      200: {
        description: 'A page of dead letters; each is still retried every few minutes',
        body: listOf(DeadLetterView).extend({
          unavailable: z
            .array(z.string())
            .meta({ description: 'subscribers that are not available; their dead letters are missing from the page' }),
        }),
        links: linksTo(['resolveDeadLetter'], { deadLetterId: '$response.body#/items/0/id' }),
      },
    },
    problems: { 400: ['BadCursor'] },
    async handle({ query: { cursor, limit } }) {
      if (cursor) decodeAge(cursor);
      const pages = await Promise.all(
        Object.entries(subscribers).map(([name, requests]) => pageOf(name, requests, { after: cursor, limit })),
      );
      const unavailable = pages.filter(({ page }) => !page).map(({ subscriber }) => subscriber);
      const letters = pages.flatMap(({ subscriber, page }) => (page?.items ?? []).map((one) => view(subscriber, one)));
      // Each subscriber's page reaches as far as this one can. Every service orders ties in age by id.
      const items = letters.toSorted(newestFirst).slice(0, limit);
      const last = items.at(-1);
      const more = letters.length > items.length || pages.some(({ page }) => page?.next);
      const next = more && last ? encodeAge({ at: new Date(last.receivedAt), id: eventIdOf(last.id) }) : null;
      return { status: 200, body: { items, next: nextPage('/v1/admin/dead-letters', next, { limit }), unavailable } };
    },
  }),

  route({
    method: 'post',
    path: '/v1/admin/dead-letters/:deadLetterId/resolve',
    operationId: 'resolveDeadLetter',
    summary: 'Resolve a dead letter: retry it at once, or discard it',
    tag: 'events',
    access: 'staff',
    idempotent: true,
    params: z.object({ deadLetterId: z.string() }),
    body: Resolve,
    responses: {
      204: { description: 'Accepted; later events of its subject continue once it is handled or discarded' },
    },
    problems: { 404: ['DeadLetterNotFound'], 409: ['DeadLetterClosed'] },
    async handle({ params: { deadLetterId }, body, caller }) {
      const [name = ''] = deadLetterId.split('.');
      const eventId = eventIdOf(deadLetterId);
      const subscriber = Object.hasOwn(subscribers, name) ? subscribers[name] : undefined;
      if (!subscriber || !z.uuid().safeParse(eventId).success) {
        throw eventRefusal('DeadLetterNotFound', 'there is no dead letter with this id');
      }
      await subscriber.resolveDeadLetter({ eventId, ...body, resolvedBy: caller!.id });
      return { status: 204 };
    },
  }),
];

async function pageOf(
  subscriber: string,
  requests: DeadLetterRequests,
  { after, limit }: { after: string | undefined; limit: number },
) {
  try {
    return { subscriber, page: await requests.listDeadLetters({ after, limit }) };
  } catch (error) {
    if (error instanceof ServiceFault) return { subscriber, page: undefined };
    throw error;
  }
}

/** Several subscribers may fail on one event, so the id names both. */
const view = (subscriber: string, { eventId, ...letter }: DeadLetter): DeadLetterView => ({
  id: `${subscriber}.${eventId}`,
  subscriber,
  ...letter,
});

const eventIdOf = (id: string): string => id.slice(id.indexOf('.') + 1);

const newestFirst = (one: DeadLetterView, other: DeadLetterView): number =>
  compare(other.receivedAt, one.receivedAt) || compare(eventIdOf(other.id), eventIdOf(one.id));

/** The order in which PostgreSQL sorts times and UUIDs. */
const compare = (one: string, other: string): number => (one < other ? -1 : Number(one > other));
