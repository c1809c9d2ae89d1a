import { ROOT_CONTEXT, SpanKind, context, propagation, trace } from '@opentelemetry/api';
import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import { CloudEvent } from '../contract/event.ts';
import { storableText } from '../database/storable-text.ts';
import { withContext } from '../context.ts';
import type { InboxDatabase, InboxTable } from './inbox.ts';
import type { Subscription } from './subscription.ts';

/** After so many attempts, which takes a few minutes, an event is a dead letter: shown to people, and still tried. */
export const DEAD_AFTER_ATTEMPTS = 10;
// From a fifth of a second to five minutes: at the longest, how late the news is after what was down came back.
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5 * 60 * 1000;

type Letter = Selectable<InboxTable>;

/** What became of one event: `passed` where another replica has it, or it is not its turn. */
export type Outcome = 'done' | 'failed' | 'passed';

/** Positions of events whose turn it is: the first of each subject, where it is not waiting for its next attempt. */
export async function dueLetters(db: Kysely<InboxDatabase>, limit: number): Promise<number[]> {
  const rows = await db.selectFrom('inbox').select('position').where(isDue).orderBy('position').limit(limit).execute();
  return rows.map(({ position }) => position);
}

const isFirst = sql<boolean>`state = 'waiting' and not exists (
  select from inbox as earlier
   where earlier.state = 'waiting' and earlier.publisher = inbox.publisher and earlier.subject = inbox.subject
     and earlier.position < inbox.position)`;
const isDue = sql<boolean>`next_attempt_at <= now() and ${isFirst}`;

/** Milliseconds until the next attempt is due; undefined where nothing waits. */
export async function nextAttemptIn(db: Kysely<InboxDatabase>): Promise<number | undefined> {
  const row = await db
    .selectFrom('inbox')
    .select(sql<number | null>`extract(epoch from min(next_attempt_at) - now())::float8 * 1000`.as('ms'))
    .where(isFirst)
    .executeTakeFirst();
  return row?.ms ?? undefined;
}

/**
 * Handles one event in one transaction with its effect. The row's lock is what keeps replicas apart: one that is
 * handled elsewhere is passed over, and until that is kept no later event of its subject is first.
 */
export async function handle(
  db: Kysely<InboxDatabase>,
  position: number,
  subscriptions: ReadonlyMap<string, Subscription>,
): Promise<{ outcome: Outcome; letter?: Letter; error?: unknown }> {
  let letter: Letter | undefined;
  try {
    await db.transaction().execute(async (work) => {
      letter = await work
        .selectFrom('inbox')
        .selectAll()
        .where('position', '=', position)
        .where(isDue)
        .forUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (!letter) return;
      await act(letter, work, subscriptions.get(letter.publisher));
      await work
        .updateTable('inbox')
        .set({ state: 'done', data: null, attempts: letter.attempts + 1, last_error: null, settled_at: sql`now()` })
        .where('position', '=', position)
        .execute();
    });
    return letter ? { outcome: 'done', letter } : { outcome: 'passed' };
  } catch (error) {
    if (!letter) throw error;
    await postpone(db, letter, error);
    return { outcome: 'failed', letter, error };
  }
}

/** Runs the handler as a part of whatever caused the event, in traces and in logs. */
function act(letter: Letter, work: Transaction<InboxDatabase>, subscribed: Subscription | undefined): Promise<void> {
  const handler = subscribed?.handlers[letter.type];
  // Subscribed to when it was read, and not any more.
  if (!handler) return Promise.resolve();
  const event = { ...eventOf(letter), data: subscribed.shapes[letter.type]!.parse(letter.data) };
  const cause = propagation.extract(ROOT_CONTEXT, { traceparent: letter.traceparent ?? '' });
  return context.with(cause, () =>
    trace
      .getTracer('events')
      .startActiveSpan(`${letter.type} process`, { kind: SpanKind.CONSUMER }, (span) =>
        withContext({ requestId: letter.id }, () => handler(event, work)).finally(() => span.end()),
      ),
  );
}

const eventOf = ({ id, publisher, type, subject, time, traceparent, data }: Letter): CloudEvent =>
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

/** Spread out, so that subjects which failed together do not come back together. */
async function postpone(db: Kysely<InboxDatabase>, { position, attempts }: Letter, error: unknown): Promise<void> {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** attempts, LONGEST_DELAY_MS) * (0.5 + Math.random());
  await db
    .updateTable('inbox')
    .set({
      attempts: attempts + 1,
      last_error: messageOf(error),
      next_attempt_at: sql<Date>`now() + make_interval(secs => ${delayMs / 1000})`,
    })
    .where('position', '=', position)
    .where('state', '=', 'waiting')
    // Another replica may have tried it meanwhile.
    .where('attempts', '=', attempts)
    .execute();
}

const messageOf = (error: unknown): string =>
  storableText((error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 1000));
