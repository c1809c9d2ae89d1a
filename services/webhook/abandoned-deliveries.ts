import { type Kysely, sql } from 'kysely';
import type { DeliveryRound } from '../../activities/webhook.ts';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { WebhookDatabase } from './database.ts';
import type { WebhookMetrics } from './metrics.ts';
import { beginNextRound } from './rounds.ts';
import type { DeliveryWorkflows } from './workflows.ts';

export interface AbandonedOptions {
  db: Kysely<WebhookDatabase>;
  workflows: Pick<DeliveryWorkflows, 'closeStatus'>;
  metrics: WebhookMetrics;
  logger: Logger;
}

const CHECK_INTERVAL_MS = 30_000;
// An attempt takes at most 15 s: a delivery this late is waiting for a busy worker, or its workflow has closed.
const LATE_SECONDS = 60;
// Each costs a request to Temporal, of a few milliseconds.
const BATCH = 50;

/** Resolves deliveries whose workflow has closed, which would stay pending for ever, until it is closed itself. */
export const keepResolvingAbandoned = (options: AbandonedOptions): Background =>
  keepDoing(() => resolveAbandoned(options).then(() => false), {
    pauseMs: CHECK_INTERVAL_MS,
    failing: 'could not check for abandoned webhook deliveries',
    logger: options.logger,
  });

/**
 * If a person ended the workflow, the delivery fails: that was intended, and the delivery can be sent again. If
 * Temporal does not know the workflow, as after a loss of its data, nobody intended that, and a new round begins.
 */
export async function resolveAbandoned(options: AbandonedOptions): Promise<void> {
  const { db, workflows } = options;
  for (const delivery of await findLate(db)) {
    const status = await workflows.closeStatus(delivery);
    if (status === undefined) {
      options.logger.warn('Temporal does not know the workflow of a webhook delivery, beginning a new round', delivery);
      await beginNextRound(db, delivery);
    } else if (status !== null) {
      await fail(options, delivery, status);
    }
  }
}

/** In random order: deliveries that only wait for a busy worker must not keep the others from being checked. */
const findLate = (db: Kysely<WebhookDatabase>): Promise<DeliveryRound[]> =>
  db
    .selectFrom('deliveries')
    .select(['id as deliveryId', 'round'])
    .where('state', '=', 'pending')
    .whereRef('started_round', '=', 'round')
    .where('next_attempt_at', '<', sql<Date>`now() - make_interval(secs => ${LATE_SECONDS})`)
    .orderBy(sql`random()`)
    .limit(BATCH)
    .execute();

/** Records the reason as an attempt, because people look for it in the list of attempts. */
async function fail({ db, metrics, logger }: AbandonedOptions, { deliveryId, round }: DeliveryRound, status: string) {
  const failed = await db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('deliveries')
      .set({ state: 'failed', next_attempt_at: null, updated_at: sql`now()` })
      .where('id', '=', deliveryId)
      .where('round', '=', round)
      .where('state', '=', 'pending')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    const error = `no more attempts: the delivery's workflow has ended as ${status}`;
    await sql`
      insert into attempts (delivery_id, round, attempt, error)
      select ${deliveryId}::uuid, ${round}, coalesce(max(attempt), 0) + 1, ${error} from attempts
       where delivery_id = ${deliveryId}::uuid and round = ${round}`.execute(transaction);
    return true;
  });
  if (!failed) return;
  metrics.deliveryEnded('failed');
  logger.warn('a webhook delivery has failed because its workflow was ended', { deliveryId, round, status });
}
