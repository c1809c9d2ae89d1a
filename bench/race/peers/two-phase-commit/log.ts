import { type Generated, type Kysely, sql } from 'kysely';
import type { PlacedOrder } from '../order.ts';
import { type PeerOrderDatabase, insertOrder } from '../order-steps.ts';

export interface CoordinatorDatabase extends PeerOrderDatabase {
  transactions: {
    order_id: string;
    decision: Decision['decision'];
    reason: string | null;
    decided_at: Generated<Date>;
    ended_at: Date | null;
    trouble: string | null;
  };
}

export type Decision = { decision: 'commit'; trackingNumber: string } | { decision: 'abort'; reason: string };
/** What the log says of an order. */
export type Logged = { decision: 'commit' } | { decision: 'abort'; reason: string };

/** The coordinator's durable log, in the database of the orders. */
export interface TransactionLog {
  /** Records the order as pending; false if it was recorded before. */
  begin(order: PlacedOrder): Promise<boolean>;
  /**
   * The commit point: confirms or rejects the order and logs the decision, in one local transaction. Returns what the log
   * says then, which is an earlier decision if there is one.
   */
  decide(orderId: string, decision: Decision): Promise<Logged>;
  /** All participants have carried out the decision. */
  end(orderId: string): Promise<void>;
  /** A participant has not carried out the decision, for this reason. */
  noteTrouble(orderId: string, reason: string): Promise<void>;
  /** The orders that are not decided or not ended, oldest first. */
  listOpen(): Promise<string[]>;
}

export function createLog(db: Kysely<CoordinatorDatabase>): TransactionLog {
  return {
    begin: (order) => insertOrder(db, order),

    async decide(orderId, decision) {
      // Presumed abort: an order without a row here is not committed.
      return (
        (await write(db, orderId, decision)) ?? (await read(db, orderId)) ?? { decision: 'abort', reason: UNKNOWN }
      );
    },

    async end(orderId) {
      await sql`update transactions set ended_at = now(), trouble = null where order_id = ${orderId}`.execute(db);
    },

    async noteTrouble(orderId, reason) {
      await sql`update transactions set trouble = ${reason} where order_id = ${orderId}`.execute(db);
    },

    async listOpen() {
      const { rows } = await sql<{ id: string }>`
        select order_id as id, decided_at as at from transactions where ended_at is null
        union all select id, created_at from orders where status = 'pending' order by at`.execute(db);
      return rows.map(({ id }) => id);
    },
  };
}

const UNKNOWN = 'UnknownOrder: no such order is recorded';

/** Undefined if the order is not pending. */
async function write(
  db: Kysely<CoordinatorDatabase>,
  orderId: string,
  decision: Decision,
): Promise<Logged | undefined> {
  const { trackingNumber = null, reason = null } = { trackingNumber: undefined, reason: undefined, ...decision };
  const status = decision.decision === 'commit' ? 'confirmed' : 'rejected';
  const { rows } = await sql<Logged>`
    with decided as (
      update orders set status = ${status}, tracking_number = ${trackingNumber}, updated_at = now()
      where id = ${orderId} and status = 'pending'
      returning id
    )
    insert into transactions (order_id, decision, reason) select id, ${decision.decision}, ${reason} from decided
    returning decision, reason`.execute(db);
  return rows[0];
}

const read = (db: Kysely<CoordinatorDatabase>, orderId: string): Promise<Logged | undefined> =>
  db
    .selectFrom('transactions')
    .select(['decision', 'reason'])
    .where('order_id', '=', orderId)
    .$castTo<Logged>()
    .executeTakeFirst();
