import { type Kysely, sql } from 'kysely';
import type { DeliveryRound } from '../../activities/webhook.ts';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { WebhookDatabase } from './database.ts';
import type { WebhookMetrics } from './metrics.ts';
import { beginAgain } from './rounds.ts';
import type { DeliveryWorkflows } from './workflows.ts';

export interface AbandonedOptions {
  db: Kysely<WebhookDatabase>;
  workflows: Pick<DeliveryWorkflows, 'endOf'>;
  figures: WebhookMetrics;
  logger: Logger;
}

const LOOK_EVERY_MS = 30_000;
// An attempt takes 15 s at most: what is this late waits for a worker, or for nobody.
const LATE_SECONDS = 60;
// A question each to Temporal, of a few milliseconds.
const AT_ONCE = 50;

/** Looks after deliveries whose workflow is gone, which would be pending for ever, until it is closed. */
export const keepLookingForAbandoned = (options: AbandonedOptions): Background =>
  keepDoing(() => settleAbandoned(options).then(() => false), {
    pauseMs: LOOK_EVERY_MS,
    failing: 'webhook deliveries not looked after',
    logger: options.logger,
  });

/**
 * A workflow that a person ended has its delivery fail: it was meant to end, and can be sent again by who wants it.
 * Where Temporal knows of none, as after it lost its own data, nobody meant anything, and a new round begins.
 */
export async function settleAbandoned(options: AbandonedOptions): Promise<void> {
  const { db, workflows } = options;
  for (const delivery of await late(db)) {
    const end = await workflows.endOf(delivery);
    if (end === undefined) {
      options.logger.warn('a webhook delivery had no workflow any more: begun again', delivery);
      await beginAgain(db, delivery);
    } else if (end !== null) {
      await fail(options, delivery, end);
    }
  }
}

/** In no order: those that only wait for a busy worker must not keep the others from being looked at. */
const late = (db: Kysely<WebhookDatabase>): Promise<DeliveryRound[]> =>
  db
    .selectFrom('deliveries')
    .select(['id as deliveryId', 'round'])
    .where('state', '=', 'pending')
    .whereRef('started_round', '=', 'round')
    .where('next_attempt_at', '<', sql<Date>`now() - make_interval(secs => ${LATE_SECONDS})`)
    .orderBy(sql`random()`)
    .limit(AT_ONCE)
    .execute();

/** Says so where people look for what became of it, in the log of its attempts. */
async function fail({ db, figures, logger }: AbandonedOptions, { deliveryId, round }: DeliveryRound, end: string) {
  const failed = await db.transaction().execute(async (work) => {
    const { numUpdatedRows } = await work
      .updateTable('deliveries')
      .set({ state: 'failed', next_attempt_at: null, updated_at: sql`now()` })
      .where('id', '=', deliveryId)
      .where('round', '=', round)
      .where('state', '=', 'pending')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    const error = `no more attempts: the workflow that makes them ended ${end}`;
    await sql`
      insert into attempts (delivery_id, round, attempt, error)
      select ${deliveryId}::uuid, ${round}, coalesce(max(attempt), 0) + 1, ${error} from attempts
       where delivery_id = ${deliveryId}::uuid and round = ${round}`.execute(work);
    return true;
  });
  if (!failed) return;
  figures.settled('failed');
  logger.warn('a webhook delivery has failed: its workflow was ended', { deliveryId, round, end });
}
