import { z } from 'zod';
import { type Implementation, type RefusalOf, operation, pageOf } from './operation.ts';
import { refusalFor } from './refusal.ts';

/**
 * What happened, told to whoever cares: CloudEvents 1.0 in its JSON format
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
 */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  /** Unique per event; a subscriber notes it together with its effect, so that a second delivery changes nothing. */
  id: z.uuid(),
  /** `/services/<name>` */
  source: z.string(),
  /** `<noun>.<past tense>`, as in `order.confirmed`. */
  type: z.string(),
  /** Id of what it happened to; events of one subject are delivered in order. */
  subject: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  /** W3C Trace Context of what caused it: CloudEvents' distributed tracing extension. */
  traceparent: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

/** Event types of one service, each with the shape of its `data`. */
export type EventShapes = Readonly<Record<string, z.ZodType<Record<string, unknown>>>>;

export const ReadFeed = z.strictObject({
  /** Where the last page ended: its `next`. Absent: from the oldest event that is kept. */
  after: z.string().nullable(),
  types: z.array(z.string()).min(1).max(100),
  limit: z.int().min(1).max(1000),
  /** How long to wait where there is nothing new. */
  patienceMs: z.int().min(0).max(30_000),
});
export type ReadFeed = z.infer<typeof ReadFeed>;
export const FeedPage = z.object({
  events: z.array(CloudEvent),
  /** Where to read on: opaque; null while nothing has ever happened. */
  next: z.string().nullable(),
  /**
   * `after` is not, or no longer, a place in this feed: what came next may have been purged, or the publisher lives on
   * another database. The page begins at the oldest event that is kept.
   */
  restarted: z.boolean(),
});
export type FeedPage = z.infer<typeof FeedPage>;

/** What a service that publishes answers at its door. */
export const feedRequests = {
  /**
   * What has happened since `after`, in the order of writing, as soon as there is something or after `patienceMs`.
   * Nothing is left out: an event is told only when no earlier one can still come. Refuses `BadCursor`.
   */
  readFeed: operation({ request: ReadFeed, response: FeedPage, timeoutMs: 35_000, refuses: ['BadCursor'] }),
};
export type FeedRequests = Implementation<typeof feedRequests>;

/** An event that a subscriber could not handle in many attempts. It holds up later events of its subject only. */
export const DeadLetter = z.object({
  /** The event's. */
  eventId: z.uuid(),
  publisher: z.string(),
  type: z.string(),
  subject: z.string(),
  time: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
  attempts: z.int(),
  lastError: z.string(),
  nextAttemptAt: z.iso.datetime(),
  receivedAt: z.iso.datetime(),
  /** How many events of the same subject wait behind it. */
  waitingBehind: z.int(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
export const ListDeadLetters = z.strictObject({ after: z.string().optional(), limit: z.int().min(1).max(100) });
export type ListDeadLetters = z.infer<typeof ListDeadLetters>;
export const ResolveDeadLetter = z.strictObject({
  eventId: z.uuid(),
  /** `discard`: its subject goes on without it. */
  action: z.enum(['retry', 'discard']),
  note: z.string().max(500),
  /** The admin who decided. */
  resolvedBy: z.string(),
});
export type ResolveDeadLetter = z.infer<typeof ResolveDeadLetter>;

/** What a service that subscribes answers at its door. */
export const deadLetterRequests = {
  /** Newest first. Refuses `BadCursor`. */
  listDeadLetters: operation({ request: ListDeadLetters, response: pageOf(DeadLetter), refuses: ['BadCursor'] }),
  /** Again, changes nothing. Refuses `DeadLetterNotFound`, and `DeadLetterClosed` where it came to another end. */
  resolveDeadLetter: operation({ request: ResolveDeadLetter, refuses: ['DeadLetterNotFound', 'DeadLetterClosed'] }),
};
export type DeadLetterRequests = Implementation<typeof deadLetterRequests>;

export type EventRefusal = RefusalOf<typeof feedRequests> | RefusalOf<typeof deadLetterRequests>;
export const eventRefusal = refusalFor<EventRefusal>();
