import { type Kysely, sql } from 'kysely';
import type { OrderRequests } from '../../activities/order.ts';
import type { OrderDatabase } from './database.ts';

// Long enough to smooth over a checkpoint or a garbage collection, short enough to follow a burst.
const RATE_OVER_SECONDS = 5;

/** The number of undecided orders and the recent decision rate. Each reads a short range of a small index. */
export const createBacklogRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'getBacklog'> => ({
  async getBacklog({ youngerThanSeconds }) {
    const since = (seconds: number) => sql`now() - make_interval(secs => ${seconds})`;
    const { rows } = await sql<{ undecided: number; decided: number }>`
      select (select count(*) from orders where status = 'pending' and payment_status <> 'awaiting_customer'
                 and created_at > ${since(youngerThanSeconds)}) as undecided,
             (select count(*) from orders where decided_at > ${since(RATE_OVER_SECONDS)}) as decided`.execute(db);
    const { undecided, decided } = rows[0]!;
    return { undecided, decidedPerSecond: decided / RATE_OVER_SECONDS };
  },
});
