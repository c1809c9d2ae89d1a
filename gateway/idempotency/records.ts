import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { ServiceFault } from '../../platform/http/client.ts';
import type { GatewayDatabase } from '../database.ts';

/** What a key is unique within. */
export interface IdempotencyScope {
  caller: string;
  route: string;
  key: string;
}

/** An answer as it was given, to be given again. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  /** Undefined where the answer had none. */
  body: string | undefined;
}

/** What became of asking for a key. */
export type Claim =
  /** `retried`: an earlier attempt ended without an answer that could be kept. */
  | { outcome: 'claimed'; holder: string; retried: boolean }
  | { outcome: 'done'; answer: KeptAnswer }
  | { outcome: 'running' }
  | { outcome: 'differs' };

export type IdempotencyRecords = ReturnType<typeof createIdempotencyRecords>;

// Longer than the slowest request (a wait of 30 s, with the tries around it), short enough for a person whose
// gateway died in the middle. A live one that is overtaken all the same does no harm: effects carry ids.
const LEASE_SECONDS = 60;
// The contract promises 24 h; a client that retries over a weekend day still finds its answer.
const KEPT_HOURS = 48;

/** The gateway's memory of keyed requests, shared by all of its replicas. */
export function createIdempotencyRecords(db: Kysely<GatewayDatabase>) {
  return {
    /** Takes the key, or says who has it. Of any number at once one is told `claimed`. */
    claim: (scope: IdempotencyScope, requestHash: string): Promise<Claim> =>
      answered('claim', async () => {
        for (;;) {
          const claim = (await take(db, scope, requestHash)) ?? (await look(db, scope, requestHash));
          // Whoever had it let go of it between the two statements.
          if (claim) return claim;
        }
      }),

    /** Whether anything is kept under this key: a question that leaves no trace. */
    knows: (scope: IdempotencyScope): Promise<boolean> =>
      answered('knows', async () => {
        const one = sql<number>`1`.as('one');
        return !!(await db.selectFrom('idempotency_records').select(one).where(within(scope)).executeTakeFirst());
      }),

    /** Keeps the answer for every repeat, unless another attempt has taken over. */
    finish: (scope: IdempotencyScope, holder: string, { status, headers, body }: KeptAnswer) =>
      answered('finish', () =>
        db
          .updateTable('idempotency_records')
          .set({ state: 'done', status, headers: JSON.stringify(headers), body: body ?? null })
          .where(heldBy(scope, holder))
          .execute(),
      ),

    /** Ends an attempt of which nobody knows what it did: the same request may be tried again at once. */
    abandon: (scope: IdempotencyScope, holder: string) =>
      answered('abandon', () =>
        db
          .updateTable('idempotency_records')
          .set({ locked_until: sql<Date>`'-infinity'` })
          .where(heldBy(scope, holder))
          .execute(),
      ),

    /** Lets go of a key under which nothing was done, so that the next request under it is a first one. */
    release: (scope: IdempotencyScope, holder: string) =>
      answered('release', () => db.deleteFrom('idempotency_records').where(heldBy(scope, holder)).execute()),

    /** Forgets what nobody may rely on any more. */
    purge: () =>
      answered('purge', () =>
        db
          .deleteFrom('idempotency_records')
          .where(sql<boolean>`created_at < now() - make_interval(hours => ${KEPT_HOURS})`)
          .execute(),
      ),
  };
}

/** Inserts the record, or takes over one whose holder has not been heard of for a lease. */
async function take(
  db: Kysely<GatewayDatabase>,
  scope: IdempotencyScope,
  requestHash: string,
): Promise<Claim | undefined> {
  const holder = randomUUID();
  const lockedUntil = sql<Date>`now() + make_interval(secs => ${LEASE_SECONDS})`;
  const taken = await db
    .insertInto('idempotency_records')
    .values({
      ...scope,
      request_hash: requestHash,
      state: 'running',
      holder,
      locked_until: lockedUntil,
      status: null,
      headers: null,
      body: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['caller', 'route', 'key'])
        .doUpdateSet({ holder, locked_until: lockedUntil })
        .where('idempotency_records.state', '=', 'running')
        .where('idempotency_records.request_hash', '=', requestHash)
        .where(sql<boolean>`idempotency_records.locked_until < now()`),
    )
    // A row of this very moment was inserted; an older one was taken over.
    .returning(sql<boolean>`idempotency_records.created_at < now()`.as('retried'))
    .executeTakeFirst();
  return taken && { outcome: 'claimed', holder, retried: taken.retried };
}

async function look(
  db: Kysely<GatewayDatabase>,
  scope: IdempotencyScope,
  requestHash: string,
): Promise<Claim | undefined> {
  const row = await db
    .selectFrom('idempotency_records')
    .select(['request_hash', 'state', 'status', 'headers', 'body'])
    .where(within(scope))
    .executeTakeFirst();
  if (!row) return undefined;
  if (row.request_hash !== requestHash) return { outcome: 'differs' };
  if (row.state === 'running') return { outcome: 'running' };
  const headers = JSON.parse(row.headers!) as Record<string, string>;
  return { outcome: 'done', answer: { status: row.status!, headers, body: row.body ?? undefined } };
}

const within = ({ caller, route, key }: IdempotencyScope) =>
  sql<boolean>`caller = ${caller} and route = ${route} and key = ${key}`;

const heldBy = (scope: IdempotencyScope, holder: string) =>
  sql<boolean>`${within(scope)} and holder = ${holder}::uuid and state = 'running'`;

/** To a caller the gateway's own database is one more service that may not answer. */
async function answered<Answer>(operation: string, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    throw new ServiceFault('gateway database', operation, error);
  }
}
