import { type Kysely, sql } from 'kysely';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import type { WebhookDatabase } from './database.ts';
import type { DeliveryWorkflows } from './workflows.ts';

export interface StartingOptions {
  db: Kysely<WebhookDatabase>;
  workflows: DeliveryWorkflows;
  logger: Logger;
}

// How late a delivery is begun at most; what a look costs an idle table is one empty index.
const LOOK_EVERY_MS = 250;
const AT_ONCE = 50;

/**
 * Starts the workflow of each delivery that has none yet, until it is closed. Deliveries are written together with the
 * note that their event is handled, and found here, so that no crash between the two systems loses one: whatever was
 * not noted as started is started again, and the workflow's id makes that the same as once. Safe in any number of
 * processes. Starting inside the event's transaction instead would start workflows for what is then rolled back.
 */
export const keepStarting = (options: StartingOptions): Background =>
  keepDoing(async () => (await startDue(options)) > 0, {
    pauseMs: LOOK_EVERY_MS,
    failing: 'webhook deliveries not started',
    logger: options.logger,
  });

/** How many were started. */
export async function startDue({ db, workflows }: Omit<StartingOptions, 'logger'>): Promise<number> {
  const due = await db
    .selectFrom('deliveries')
    .innerJoin('endpoints', 'endpoints.id', 'deliveries.endpoint_id')
    .select(['deliveries.id', 'round', 'type', 'url', 'customer_id'])
    .whereRef('started_round', '<', 'round')
    .orderBy('deliveries.updated_at')
    .limit(AT_ONCE)
    .execute();
  const outcomes = await Promise.allSettled(
    due.map(async ({ id, round, type, url, customer_id: customerId }) => {
      // Of the URL only the host: its path may be a secret of the receiver's.
      const labels = { customerId, summary: `${type} to ${new URL(url).host}` };
      if (!(await workflows.start({ deliveryId: id, round }, labels))) return 0;
      await noteStarted(db, id, round);
      return 1;
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
  return outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value === 1).length;
}

async function noteStarted(db: Kysely<WebhookDatabase>, id: string, round: number): Promise<void> {
  await db
    .updateTable('deliveries')
    .set({ started_round: sql<number>`greatest(started_round, ${round})` })
    .where('id', '=', id)
    .execute();
}
