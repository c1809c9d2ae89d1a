import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { CloudEvent } from '../../../platform/contract/event.ts';
import { dueEvents, handle } from '../../../platform/events/handling.ts';
import { type InboxDatabase, cursorOf, storePage } from '../../../platform/events/inbox.ts';
import type { Subscription } from '../../../platform/events/subscription.ts';

/** An event as its publisher's feed has it. */
export const eventOf = (
  publisher: string,
  type: string,
  data: { orderId: string } & CloudEvent['data'],
): CloudEvent => ({
  specversion: '1.0',
  id: randomUUID(),
  source: `/services/${publisher}`,
  type,
  subject: data.orderId,
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  data,
});

/** Handles every due event about an order once, as a subscriber does; returns the outcomes. */
export async function handleDue(
  db: Kysely<InboxDatabase>,
  subscriptions: readonly Subscription[],
  orderId: string,
): Promise<string[]> {
  const byPublisher = new Map(subscriptions.map((subscription) => [subscription.publisher, subscription]));
  const about = await db.selectFrom('inbox').select('position').where('subject', '=', orderId).execute();
  const due = new Set(await dueEvents(db, 100));
  const outcomes: string[] = [];
  for (const { position } of about) {
    if (due.has(position)) outcomes.push((await handle(db, position, byPublisher)).outcome);
  }
  return outcomes;
}

/** Makes the events about an order that wait for their next attempt due now. */
export const hurry = (db: Kysely<InboxDatabase>, orderId: string) =>
  db
    .updateTable('inbox')
    .set({ next_attempt_at: sql`now()` })
    .where('subject', '=', orderId)
    .where('state', '=', 'waiting')
    .execute();

/** Delivers one event, as a page of its publisher's feed, and handles it. */
export async function deliver(
  db: Kysely<InboxDatabase>,
  subscriptions: readonly Subscription[],
  event: CloudEvent,
): Promise<string[]> {
  const publisher = event.source.slice('/services/'.length);
  const cursor = await cursorOf(db, publisher);
  await storePage(db, { publisher, cursor, page: { events: [event], next: randomUUID(), restarted: false } });
  return handleDue(db, subscriptions, event.subject);
}
