import { CancelledFailure, Context } from '@temporalio/activity';
import type { Kysely } from 'kysely';
import type { ReconciliationActivities } from '../../../activities/reconciliation.ts';
import type { OrderDatabase } from '../database.ts';
import { reconcileBooks } from './reconcile-books.ts';
import type { Sources } from './sources.ts';

// A step takes well under a second: an order that still differs after this long is wrong, or has moved on.
const BETWEEN_READINGS_MS = 5_000;
// Apart from the progress: a page that is tried again for some seconds must not look like a dead worker.
const HEARTBEAT_EVERY_MS = 1_000;

export interface ReconciliationOptions {
  db: Kysely<OrderDatabase>;
  openBooks: () => Promise<Sources>;
  betweenReadingsMs?: number;
}

/** What the reconciliation workflow calls. It ends within moments once it is canceled, or its worker stops. */
export const createReconciliation = ({
  db,
  openBooks,
  betweenReadingsMs = BETWEEN_READINGS_MS,
}: ReconciliationOptions): ReconciliationActivities => ({
  async reconcileBooks() {
    const context = Context.current();
    const read: Record<string, number> = {};
    const heart = setInterval(() => context.heartbeat({ read }), HEARTBEAT_EVERY_MS);
    try {
      return await reconcileBooks(db, await openBooks(), {
        workflowId: context.info.workflowExecution?.workflowId ?? '',
        pause: () => context.sleep(betweenReadingsMs),
        progress(what) {
          if (context.cancellationSignal.aborted) throw new CancelledFailure('the comparison is canceled');
          read[what] = (read[what] ?? 0) + 1;
        },
      });
    } finally {
      clearInterval(heart);
    }
  },
});
