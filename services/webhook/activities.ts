import { type Kysely, type Selectable, sql } from 'kysely';
import type { AttemptDelivery, AttemptOutcome, WebhookActivities } from '../../activities/webhook.ts';
import type { AttemptTable, WebhookDatabase } from './database.ts';
import type { WebhookMetrics } from './metrics.ts';
import { beginAgain } from './rounds.ts';
import { type Safe, signedHeaders } from './secrets.ts';
import type { Sender, Sent } from './sending.ts';

export interface AttemptOptions {
  db: Kysely<WebhookDatabase>;
  safe: Safe;
  sender: Sender;
  figures: WebhookMetrics;
}

const DISABLED = 'the endpoint is disabled';
const INTERRUPTED = 'the process ended in the middle: it may have arrived';
const MOOT = { outcome: 'moot', detail: 'nothing to send any more' } as const;

export const createWebhookActivities = (options: AttemptOptions): WebhookActivities => ({
  async attemptDelivery(asked) {
    const { db } = options;
    const delivery = await find(db, asked);
    const earlier = await findAttempt(db, asked);
    // Asked again because our answer was lost.
    if (earlier && hasEnded(earlier)) return outcomeOf(earlier);
    if (!delivery) return MOOT;
    // Before the attempt is claimed: without its secret it could not be made, and whoever restores the key has it made.
    const secrets = secretsOf(delivery, options.safe);
    if (earlier || !(await claim(db, asked))) return settle(options, asked, unanswered(INTERRUPTED));
    if (delivery.state === 'disabled') return settle(options, asked, unanswered(DISABLED));
    const message = { id: delivery.event_id, timestamp: Math.floor(Date.now() / 1000), body: delivery.body };
    const headers = signedHeaders(message, secrets);
    return settle(options, asked, await options.sender.send(delivery.url, { headers, body: delivery.body }));
  },

  beginAgain: (ended) => beginAgain(options.db, ended),
});

const unanswered = (error: string): Sent => ({ status: null, durationMs: 0, excerpt: null, error });

/** What there is to send in this round. */
const find = (db: Kysely<WebhookDatabase>, { deliveryId, round }: AttemptDelivery) =>
  db
    .selectFrom('deliveries')
    .innerJoin('endpoints', 'endpoints.id', 'deliveries.endpoint_id')
    .select(['endpoints.id', 'event_id', 'body', 'url', 'secret', 'previous_secret', 'endpoints.state'])
    .select(sql<boolean>`coalesce(previous_until > now(), false)`.as('previous_holds'))
    .where('deliveries.id', '=', deliveryId)
    .where('round', '=', round)
    .where('deliveries.state', '=', 'pending')
    .executeTakeFirst();

type Found = NonNullable<Awaited<ReturnType<typeof find>>>;

const secretsOf = ({ id, secret, previous_secret, previous_holds }: Found, safe: Safe): string[] =>
  [secret, ...(previous_secret && previous_holds ? [previous_secret] : [])].map((sealed) => safe.open(sealed, id));

const findAttempt = (db: Kysely<WebhookDatabase>, { deliveryId, round, attempt }: AttemptDelivery) =>
  db
    .selectFrom('attempts')
    .selectAll()
    .where('delivery_id', '=', deliveryId)
    .where('round', '=', round)
    .where('attempt', '=', attempt)
    .executeTakeFirst();

/** Whether this asking is the one that sends. */
async function claim(db: Kysely<WebhookDatabase>, { deliveryId, round, attempt }: AttemptDelivery): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('attempts')
    .values({ delivery_id: deliveryId, round, attempt, status: null, duration_ms: null, excerpt: null, error: null })
    .onConflict((conflict) => conflict.columns(['delivery_id', 'round', 'attempt']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

type Ended = Pick<Selectable<AttemptTable>, 'status' | 'error' | 'duration_ms'>;

const hasEnded = ({ status, error }: Ended): boolean => status !== null || error !== null;

function outcomeOf({ status, error, duration_ms }: Ended): AttemptOutcome {
  const detail = error ?? `HTTP ${status} in ${duration_ms} ms`;
  if (status === 410 || error === DISABLED) return { outcome: 'gone', detail };
  return { outcome: status !== null && status >= 200 && status < 300 ? 'delivered' : 'failed', detail };
}

/** Logs what came of it, with what that means for the delivery; the first to say so is right. */
async function settle(options: AttemptOptions, asked: AttemptDelivery, sent: Sent): Promise<AttemptOutcome> {
  const ended = { status: sent.status, error: sent.error, duration_ms: sent.durationMs };
  const answer = outcomeOf(ended);
  const first = await options.db.transaction().execute(async (work) => {
    const { numUpdatedRows } = await work
      .updateTable('attempts')
      .set({ ...ended, excerpt: sent.excerpt })
      .where('delivery_id', '=', asked.deliveryId)
      .where('round', '=', asked.round)
      .where('attempt', '=', asked.attempt)
      .where('status', 'is', null)
      .where('error', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    if (sent.status === 410) await disable(work, asked);
    await moveOn(work, asked, answer.outcome);
    return true;
  });
  if (!first) {
    const standing = await findAttempt(options.db, asked);
    return standing ? outcomeOf(standing) : MOOT;
  }
  options.figures.attempted(answer.outcome);
  if (answer.outcome === 'delivered') options.figures.settled('delivered');
  else if (answer.outcome === 'gone' || asked.retryInMs === null) options.figures.settled('failed');
  return answer;
}

async function disable(work: Kysely<WebhookDatabase>, { deliveryId }: AttemptDelivery): Promise<void> {
  await work
    .updateTable('endpoints')
    .set({ state: 'disabled' })
    .where('id', '=', work.selectFrom('deliveries').select('endpoint_id').where('id', '=', deliveryId))
    .execute();
}

async function moveOn(
  work: Kysely<WebhookDatabase>,
  { deliveryId, round, retryInMs }: AttemptDelivery,
  outcome: AttemptOutcome['outcome'],
): Promise<void> {
  const again = outcome === 'failed' && retryInMs !== null;
  const state = again ? 'pending' : outcome === 'delivered' ? 'delivered' : 'failed';
  await work
    .updateTable('deliveries')
    .set({
      state,
      next_attempt_at: again ? sql<Date>`now() + make_interval(secs => ${retryInMs / 1000})` : null,
      updated_at: sql`now()`,
    })
    .where('id', '=', deliveryId)
    .where('round', '=', round)
    .execute();
}
