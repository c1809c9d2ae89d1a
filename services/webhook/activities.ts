import { type Kysely, type Selectable, sql } from 'kysely';
import type { AttemptDelivery, AttemptOutcome, WebhookActivities } from '../../activities/webhook.ts';
import type { AttemptTable, WebhookDatabase } from './database.ts';
import type { WebhookMetrics } from './metrics.ts';
import { beginNextRound } from './rounds.ts';
import { type SecretCipher, signedHeaders } from './secrets.ts';
import type { Sender, SendResult } from './sender.ts';

export interface AttemptOptions {
  db: Kysely<WebhookDatabase>;
  secretCipher: SecretCipher;
  sender: Sender;
  metrics: WebhookMetrics;
}

// Stored with attempts and compared later: with another text, earlier attempts would be misread.
const DISABLED = 'the endpoint is disabled';
const INTERRUPTED = 'the process ended during the attempt: the webhook may have arrived';
const MOOT = { outcome: 'moot', detail: 'there is nothing left to send' } as const;

export const createWebhookActivities = (options: AttemptOptions): WebhookActivities => ({
  async attemptDelivery(request) {
    const { db } = options;
    const delivery = await findPending(db, request);
    const earlier = await findAttempt(db, request);
    // A repeat because the response was lost.
    if (earlier && hasEnded(earlier)) return outcomeOf(earlier);
    if (!delivery) return MOOT;
    // Before the attempt is claimed, so that if the key is wrong the attempt is still made once the key is restored.
    const secrets = secretsOf(delivery, options.secretCipher);
    if (earlier || !(await claim(db, request))) return saveOutcome(options, request, withoutResponse(INTERRUPTED));
    if (delivery.state === 'disabled') return saveOutcome(options, request, withoutResponse(DISABLED));
    const message = { id: delivery.event_id, timestamp: Math.floor(Date.now() / 1000), body: delivery.body };
    const headers = signedHeaders(message, secrets);
    return saveOutcome(options, request, await options.sender.send(delivery.url, { headers, body: delivery.body }));
  },

  beginAgain: (round) => beginNextRound(options.db, round),
});

const withoutResponse = (error: string): SendResult => ({ status: null, durationMs: 0, excerpt: null, error });

/** What is still to be sent in this round. */
const findPending = (db: Kysely<WebhookDatabase>, { deliveryId, round }: AttemptDelivery) =>
  db
    .selectFrom('deliveries')
    .innerJoin('endpoints', 'endpoints.id', 'deliveries.endpoint_id')
    .select(['endpoints.id', 'event_id', 'body', 'url', 'secret', 'previous_secret', 'endpoints.state'])
    .select(sql<boolean>`coalesce(previous_until > now(), false)`.as('previous_valid'))
    .where('deliveries.id', '=', deliveryId)
    .where('round', '=', round)
    .where('deliveries.state', '=', 'pending')
    .executeTakeFirst();

type PendingDelivery = NonNullable<Awaited<ReturnType<typeof findPending>>>;

const secretsOf = (
  { id, secret, previous_secret, previous_valid }: PendingDelivery,
  secretCipher: SecretCipher,
): string[] =>
  [secret, ...(previous_secret && previous_valid ? [previous_secret] : [])].map((encrypted) =>
    secretCipher.decrypt(encrypted, id),
  );

const findAttempt = (db: Kysely<WebhookDatabase>, { deliveryId, round, attempt }: AttemptDelivery) =>
  db
    .selectFrom('attempts')
    .selectAll()
    .where('delivery_id', '=', deliveryId)
    .where('round', '=', round)
    .where('attempt', '=', attempt)
    .executeTakeFirst();

/** Returns whether this call is the one that sends. */
async function claim(db: Kysely<WebhookDatabase>, { deliveryId, round, attempt }: AttemptDelivery): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('attempts')
    .values({ delivery_id: deliveryId, round, attempt, status: null, duration_ms: null, excerpt: null, error: null })
    .onConflict((conflict) => conflict.columns(['delivery_id', 'round', 'attempt']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

type AttemptResult = Pick<Selectable<AttemptTable>, 'status' | 'error' | 'duration_ms'>;

const hasEnded = ({ status, error }: AttemptResult): boolean => status !== null || error !== null;

function outcomeOf({ status, error, duration_ms }: AttemptResult): AttemptOutcome {
  const detail = error ?? `HTTP ${status} in ${duration_ms} ms`;
  if (status === 410 || error === DISABLED) return { outcome: 'gone', detail };
  return { outcome: status !== null && status >= 200 && status < 300 ? 'delivered' : 'failed', detail };
}

/** Saves the result of an attempt together with what it means for the delivery. The first result saved counts. */
async function saveOutcome(
  options: AttemptOptions,
  request: AttemptDelivery,
  result: SendResult,
): Promise<AttemptOutcome> {
  const ended = { status: result.status, error: result.error, duration_ms: result.durationMs };
  const response = outcomeOf(ended);
  const { outcome } = response;
  const first = await options.db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('attempts')
      .set({ ...ended, excerpt: result.excerpt })
      .where('delivery_id', '=', request.deliveryId)
      .where('round', '=', request.round)
      .where('attempt', '=', request.attempt)
      .where('status', 'is', null)
      .where('error', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    if (result.status === 410) await disable(transaction, request);
    await updateDelivery(transaction, request, outcome);
    return true;
  });
  if (!first) {
    const saved = await findAttempt(options.db, request);
    return saved ? outcomeOf(saved) : MOOT;
  }
  options.metrics.attemptEnded(outcome);
  if (outcome === 'delivered') options.metrics.deliveryEnded('delivered');
  else if (outcome === 'gone' || request.retryInMs === null) options.metrics.deliveryEnded('failed');
  return response;
}

async function disable(transaction: Kysely<WebhookDatabase>, { deliveryId }: AttemptDelivery): Promise<void> {
  await transaction
    .updateTable('endpoints')
    .set({ state: 'disabled' })
    .where('id', '=', transaction.selectFrom('deliveries').select('endpoint_id').where('id', '=', deliveryId))
    .execute();
}

async function updateDelivery(
  transaction: Kysely<WebhookDatabase>,
  { deliveryId, round, retryInMs }: AttemptDelivery,
  outcome: AttemptOutcome['outcome'],
): Promise<void> {
  const retries = outcome === 'failed' && retryInMs !== null;
  const state = retries ? 'pending' : outcome === 'delivered' ? 'delivered' : 'failed';
  await transaction
    .updateTable('deliveries')
    .set({
      state,
      next_attempt_at: retries ? sql<Date>`now() + make_interval(secs => ${retryInMs / 1000})` : null,
      updated_at: sql`now()`,
    })
    .where('id', '=', deliveryId)
    .where('round', '=', round)
    .execute();
}
