import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { OrderRef } from '../../../../activities/identity.ts';
import { Refusal } from '../../../../platform/contract/refusal.ts';
import { Branch } from './branch.ts';
import type { ParticipantDatabases } from './databases.ts';
import { createTurns } from './turns.ts';

/** A step of the platform's service, as a participant takes it. */
export interface Step<Database, Request extends OrderRef, Vote> {
  service: string;
  /**
   * Takes the step on the branch's database. Begins the branch when nobody outside is left to ask, so that no transaction
   * is open meanwhile, and before the service stores what makes the step done.
   */
  take(branch: Branch<Database>, request: Request): Promise<Vote>;
  /** The vote for a step that was taken before. */
  voteAgain(request: Request): Promise<Vote>;
  /** The service's own compensation, with its tombstone for a step that arrives late. */
  undo(order: OrderRef): Promise<void>;
  /** A condition: the service's own tables say that the step is done. A prepared one is not visible there. */
  isDone(orderId: string): RawBuilder<boolean>;
}

/** A participant: a service whose step ends in PREPARE TRANSACTION, and which then does as the coordinator decides. */
export function createParticipant<Database, Request extends OrderRef, Vote>(
  { pool, prompt: db }: ParticipantDatabases<Database>,
  step: Step<Database, Request, Vote>,
) {
  // The name of a prepared transaction is unique on its server, which all participants of an order may share.
  const prefix = `${step.service}-order-`;
  const inTurn = createTurns();

  /** Prepared, or committed already: a request whose response was lost, or one that arrives late. */
  async function wasTaken(orderId: string): Promise<boolean> {
    const { rows } = await sql<{ taken: boolean }>`
      select ${step.isDone(orderId)} or exists (
        select from pg_prepared_xacts where gid = ${prefix + orderId} and database = current_database()) as taken`.execute(
      db,
    );
    return rows[0]!.taken;
  }

  async function isCommitted(orderId: string): Promise<boolean> {
    const { rows } = await sql<{ done: boolean }>`select ${step.isDone(orderId)} as done`.execute(db);
    return rows[0]!.done;
  }

  async function prepare(request: Request): Promise<Vote> {
    const { orderId } = request;
    if (await wasTaken(orderId)) return step.voteAgain(request);
    const branch = new Branch<Database>(pool);
    try {
      const vote = await step.take(branch, request);
      // Not begun: the step cost nothing, so nobody was asked and the service has committed it.
      if (branch.isOpen) await branch.prepare(prefix + orderId);
      return vote;
    } catch (error) {
      // With a refusal the service stores why; after a fault nothing may remain.
      if (branch.isOpen) await (error instanceof Refusal ? branch.commit() : branch.rollback());
      throw error;
    }
  }

  return {
    prepare: (request: Request) => inTurn(request.orderId, () => prepare(request)),

    commit: ({ orderId }: OrderRef) =>
      inTurn(orderId, async () => {
        if (await endPrepared(db, 'commit', prefix + orderId)) return;
        // A repeat. If it is not, the vote was broken: somebody has ended the transaction by hand.
        if (!(await isCommitted(orderId)))
          throw new Error(`order ${orderId} was decided to be committed, but is neither prepared nor committed here`);
      }),

    abort: ({ orderId }: OrderRef) =>
      inTurn(orderId, async () => {
        await endPrepared(db, 'rollback', prefix + orderId);
        await step.undo({ orderId });
      }),

    async listPrepared() {
      const { rows } = await sql<{ orderId: string }>`
        select substr(gid, ${prefix.length + 1}) as "orderId" from pg_prepared_xacts
        where database = current_database() and starts_with(gid, ${prefix})`.execute(db);
      return { orderIds: rows.map(({ orderId }) => orderId) };
    },
  };
}

/** SQLSTATE `undefined_object`. */
const NOT_PREPARED = '42704';

/** Ends a prepared transaction; false if there is none with this name. */
async function endPrepared<Database>(db: Kysely<Database>, how: 'commit' | 'rollback', name: string): Promise<boolean> {
  try {
    await sql`${sql.raw(how)} prepared ${sql.lit(name)}`.execute(db);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === NOT_PREPARED) return false;
    throw error;
  }
}
