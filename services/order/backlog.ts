import { type Kysely, sql } from 'kysely';
import type { OrderRequests } from '../../activities/order.ts';
import type { OrderDatabase } from './database.ts';

// Long enough to even out a checkpoint or a collection of garbage, short enough to follow a burst.
const RATE_OVER_SECONDS = 5;

/** How much waits to be decided, and how fast that has been going: two short ranges of two small indexes. */
export const createBacklogRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'getBacklog'> => ({
  async getBacklog({ youngerThanSeconds }) {
    const since = (seconds: number) => sql`now() - make_interval(secs => ${seconds})`;
    const { rows } = await sql<{ undecided: number; decided: number }>`
      select (select count(*) from orders where status = 'pending' and created_at > ${since(youngerThanSeconds)}) as undecided,
             (select count(*) from orders where decided_at > ${since(RATE_OVER_SECONDS)}) as decided`.execute(db);
    const { undecided, decided } = rows[0]!;
    return { undecided, decidedPerSecond: decided / RATE_OVER_SECONDS };
  },
});
