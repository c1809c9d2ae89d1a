import { type Kysely, sql } from 'kysely';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { deliverySummary } from '../../workflows/webhook-delivery/messages.ts';
import type { WebhookDatabase } from './database.ts';
import type { DeliveryWorkflows } from './workflows.ts';

export interface StartOptions {
  db: Kysely<WebhookDatabase>;
  workflows: DeliveryWorkflows;
  logger: Logger;
}

// The delay that polling adds to a delivery at most. On an idle table a poll reads one empty index.
const POLL_INTERVAL_MS = 250;
const BATCH = 50;

/**
 * Starts the workflow of each delivery that has none yet, until it is closed. Deliveries are inserted in the
 * transaction that handles their event, so no crash loses one. Starting workflows inside that transaction would also
 * start some for deliveries that are rolled back. A start that was not recorded is repeated, which has no effect
 * because of the workflow id. Safe to run in several processes at once.
 */
export const keepStartingWorkflows = (options: StartOptions): Background =>
  keepDoing(async () => (await startWorkflows(options)) > 0, {
    pauseMs: POLL_INTERVAL_MS,
    failing: 'could not start the workflows of webhook deliveries',
    logger: options.logger,
  });

/** Starts a batch of workflows; returns how many. */
export async function startWorkflows({ db, workflows }: Omit<StartOptions, 'logger'>): Promise<number> {
  const due = await db
    .selectFrom('deliveries')
    .innerJoin('endpoints', 'endpoints.id', 'deliveries.endpoint_id')
    .select(['deliveries.id', 'round', 'type', 'url', 'customer_id'])
    .whereRef('started_round', '<', 'round')
    .orderBy('deliveries.updated_at')
    .limit(BATCH)
    .execute();
  const outcomes = await Promise.allSettled(
    due.map(async ({ id, round, type, url, customer_id: customerId }) => {
      // Only the host of the URL: its path may be a secret of the receiver.
      const labels = { customerId, summary: deliverySummary(type, new URL(url).host) };
      if (!(await workflows.start({ deliveryId: id, round }, labels))) return 0;
      await recordStart(db, id, round);
      return 1;
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === 1).length;
}

async function recordStart(db: Kysely<WebhookDatabase>, id: string, round: number): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ started_round: sql<number>`greatest(started_round, ${round})` })
    .where('id', '=', id)
    .execute();
}
