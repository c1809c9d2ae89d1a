import { ROOT_CONTEXT, SpanKind, context, propagation, trace } from '@opentelemetry/api';
import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import { CloudEvent } from '../contract/event.ts';
import { storableText } from '../database/storable-text.ts';
import { withContext } from '../context.ts';
import type { InboxDatabase, InboxTable } from './inbox.ts';
import type { Subscription } from './subscription.ts';

/** After this many attempts, which take a few minutes, an event is a dead letter: people see it, and it is still retried. */
export const DEAD_AFTER_ATTEMPTS = 10;
// From a fifth of a second to five minutes: the longest wait for an event after a failed dependency has recovered.
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 5 * 60 * 1000;

type InboxRow = Selectable<InboxTable>;

/** Result of handling one event. `passed`: another replica has it, or an earlier event comes first. */
export type HandlingOutcome = 'done' | 'failed' | 'passed';

/** Positions of the events to handle now: the first of each subject, unless it waits for its next attempt. */
export async function dueEvents(db: Kysely<InboxDatabase>, limit: number): Promise<number[]> {
  const rows = await db.selectFrom('inbox').select('position').where(isDue).orderBy('position').limit(limit).execute();
  return rows.map(({ position }) => position);
}

const isFirst = sql<boolean>`state = 'waiting' and not exists (
  select from inbox as earlier
   where earlier.state = 'waiting' and earlier.publisher = inbox.publisher and earlier.subject = inbox.subject
     and earlier.position < inbox.position)`;
const isDue = sql<boolean>`next_attempt_at <= now() and ${isFirst}`;

/** Milliseconds until the next attempt is due; undefined if nothing waits. */
export async function nextAttemptIn(db: Kysely<InboxDatabase>): Promise<number | undefined> {
  const row = await db
    .selectFrom('inbox')
    .select(sql<number | null>`extract(epoch from min(next_attempt_at) - now())::float8 * 1000`.as('ms'))
    .where(isFirst)
    .executeTakeFirst();
  return row?.ms ?? undefined;
}

/**
 * Handles one event in one transaction with its effect. The row lock coordinates replicas: an event that another replica
 * is handling is skipped, and until that transaction commits no later event of its subject is first.
 */
export async function handle(
  db: Kysely<InboxDatabase>,
  position: number,
  subscriptions: ReadonlyMap<string, Subscription>,
): Promise<{ outcome: HandlingOutcome; row?: InboxRow; error?: unknown }> {
  let row: InboxRow | undefined;
  try {
    await db.transaction().execute(async (work) => {
      row = await work
        .selectFrom('inbox')
        .selectAll()
        .where('position', '=', position)
        .where(isDue)
        .forUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (!row) return;
      await runHandler(row, work, subscriptions.get(row.publisher));
      await work
        .updateTable('inbox')
        .set({ state: 'done', data: null, attempts: row.attempts + 1, last_error: null, settled_at: sql`now()` })
        .where('position', '=', position)
        .execute();
    });
    return row ? { outcome: 'done', row } : { outcome: 'passed' };
  } catch (error) {
    if (!row) throw error;
    await postpone(db, row, error);
    return { outcome: 'failed', row, error };
  }
}

/** Runs the handler in the trace and log context of the event's cause. */
function runHandler(
  row: InboxRow,
  work: Transaction<InboxDatabase>,
  subscription: Subscription | undefined,
): Promise<void> {
  const handler = subscription?.handlers[row.type];
  // The subscription was removed after the event was read.
  if (!handler) return Promise.resolve();
  const event = { ...eventOf(row), data: subscription.shapes[row.type]!.parse(row.data) };
  const cause = propagation.extract(ROOT_CONTEXT, { traceparent: row.traceparent ?? '' });
  return context.with(cause, () =>
    trace
      .getTracer('events')
      .startActiveSpan(`${row.type} process`, { kind: SpanKind.CONSUMER }, (span) =>
        withContext({ requestId: row.id }, () => handler(event, work)).finally(() => span.end()),
      ),
  );
}

const eventOf = ({ id, publisher, type, subject, time, traceparent, data }: InboxRow): CloudEvent =>
  CloudEvent.parse({
    specversion: '1.0',
    id,
    source: `/services/${publisher}`,
    type,
    subject,
    time: new Date(time).toISOString(),
    datacontenttype: 'application/json',
    ...(traceparent !== null && { traceparent }),
    data,
  });

/** The random factor keeps subjects that failed together from being retried together. */
async function postpone(db: Kysely<InboxDatabase>, { position, attempts }: InboxRow, error: unknown): Promise<void> {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** attempts, MAX_DELAY_MS) * (0.5 + Math.random());
  await db
    .updateTable('inbox')
    .set({
      attempts: attempts + 1,
      last_error: messageOf(error),
      next_attempt_at: sql<Date>`now() + make_interval(secs => ${delayMs / 1000})`,
    })
    .where('position', '=', position)
    .where('state', '=', 'waiting')
    // Another replica may have made an attempt in the meantime.
    .where('attempts', '=', attempts)
    .execute();
}

const messageOf = (error: unknown): string =>
  storableText((error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 1000));
