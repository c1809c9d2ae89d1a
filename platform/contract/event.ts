import { z } from 'zod';
import { type Implementation, type RefusalOf, operation, pageOf } from './operation.ts';
import { refusalFor } from './refusal.ts';

/**
 * An event, published to all subscribers: CloudEvents 1.0 in its JSON format
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md).
 */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  /** Unique. A subscriber stores it in the transaction of its effect, so that a second delivery changes nothing. */
  id: z.uuid(),
  /** `/services/<name>` */
  source: z.string(),
  /** `<noun>.<past tense>`, as in `order.confirmed`. */
  type: z.string(),
  /** Id of the entity that the event is about. Events of one subject are delivered in order. */
  subject: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  /** W3C Trace Context of the cause (CloudEvents' distributed tracing extension). */
  traceparent: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
export type CloudEvent = z.infer<typeof CloudEvent>;

/** The event types of one service, each with the schema of its `data`. */
export type EventShapes = Readonly<Record<string, z.ZodType<Record<string, unknown>>>>;

export const ReadFeed = z.strictObject({
  /** The `next` of the last page. Null: from the oldest event that is kept. */
  after: z.string().nullable(),
  types: z.array(z.string()).min(1).max(100),
  limit: z.int().min(1).max(1000),
  /** The longest time to wait for an event before responding with an empty page. */
  patienceMs: z.int().min(0).max(30_000),
});
export type ReadFeed = z.infer<typeof ReadFeed>;
export const FeedPage = z.object({
  events: z.array(CloudEvent),
  /** The next request's `after`, an opaque cursor. Null: there has never been an event. */
  next: z.string().nullable(),
  /**
   * True if `after` is not in this feed (any more): later events may have been purged, or the publisher may use another
   * database. The page then begins with the oldest event that is kept.
   */
  restarted: z.boolean(),
});
export type FeedPage = z.infer<typeof FeedPage>;

/** What the HTTP API of every service that publishes events offers. */
export const feedRequests = {
  /**
   * Long poll: the events after `after`, in the order of writing, as soon as there are any, or after `patienceMs`.
   * Complete: an event is returned only once no earlier one can be added. Refuses `BadCursor`.
   */
  readFeed: operation({ request: ReadFeed, response: FeedPage, timeoutMs: 35_000, refuses: ['BadCursor'] }),
};
export type FeedRequests = Implementation<typeof feedRequests>;

/** An event that a subscriber has failed to handle many times. It blocks only later events of its subject. */
export const DeadLetter = z.object({
  /** The event's id. */
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
  /** Number of later events of the same subject that wait for this one. */
  waitingBehind: z.int(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;
export const ListDeadLetters = z.strictObject({ after: z.string().optional(), limit: z.int().min(1).max(100) });
export type ListDeadLetters = z.infer<typeof ListDeadLetters>;
export const ResolveDeadLetter = z.strictObject({
  eventId: z.uuid(),
  /** `discard`: the event is skipped, and later events of its subject are handled. */
  action: z.enum(['retry', 'discard']),
  note: z.string().max(500),
  /** The administrator's id. */
  resolvedBy: z.string(),
});
export type ResolveDeadLetter = z.infer<typeof ResolveDeadLetter>;

/** What the HTTP API of every service that subscribes to events offers. */
export const deadLetterRequests = {
  /** The dead letters, newest first. Refuses `BadCursor`. */
  listDeadLetters: operation({ request: ListDeadLetters, response: pageOf(DeadLetter), refuses: ['BadCursor'] }),
  /**
   * Retries or discards an event. A repeat changes nothing. Refuses `DeadLetterNotFound`, and `DeadLetterClosed` if the
   * event was handled, or discarded, instead.
   */
  resolveDeadLetter: operation({ request: ResolveDeadLetter, refuses: ['DeadLetterNotFound', 'DeadLetterClosed'] }),
};
export type DeadLetterRequests = Implementation<typeof deadLetterRequests>;

export type EventRefusal = RefusalOf<typeof feedRequests> | RefusalOf<typeof deadLetterRequests>;
export const eventRefusal = refusalFor<EventRefusal>();
