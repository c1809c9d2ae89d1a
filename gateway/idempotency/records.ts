import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { ServiceFault } from '../../platform/http/client.ts';
import type { GatewayDatabase } from '../database.ts';

/** A key is unique per caller and route. */
export interface IdempotencyScope {
  caller: string;
  route: string;
  key: string;
}

/** A response that is stored for repeats. */
export interface StoredResponse {
  status: number;
  headers: Record<string, string>;
  body: string | undefined;
}

/** The right of one attempt to carry out the request of a key. */
export interface Lease {
  scope: IdempotencyScope;
  /** Unique for each attempt. */
  holder: string;
}

/** The result of claiming a key. */
export type Claim =
  /** `retried`: an earlier attempt ended without a stored response. */
  | { outcome: 'claimed'; holder: string; retried: boolean }
  | { outcome: 'done'; response: StoredResponse }
  | { outcome: 'running' }
  | { outcome: 'differs' };

export type IdempotencyRecords = ReturnType<typeof createIdempotencyRecords>;

// A running request renews it every second, so it outlives a gateway that stalls for some seconds, and a customer waits
// no longer after a crash. If a live attempt is overtaken all the same, no harm is done: effects carry ids, and only the
// holder can write.
const LEASE_SECONDS = 5;
// The API promises 24 h; twice that also covers a client that retries a day later.
const RETENTION_HOURS = 48;

/** The records of requests with an Idempotency-Key, shared by all replicas. */
export function createIdempotencyRecords(db: Kysely<GatewayDatabase>) {
  return {
    /** Claims the key. Of any number of concurrent calls, one gets `claimed`. */
    claim: (scope: IdempotencyScope, requestHash: string): Promise<Claim> =>
      asServiceFault('claim', async () => {
        for (;;) {
          const claim = (await take(db, scope, requestHash)) ?? (await read(db, scope, requestHash));
          // Undefined if the key was released between the two statements.
          if (claim) return claim;
        }
      }),

    /** Whether there is a record for this key. Writes nothing. */
    exists: (scope: IdempotencyScope): Promise<boolean> =>
      asServiceFault('exists', async () => {
        const one = sql<number>`1`.as('one');
        return !!(await db.selectFrom('idempotency_records').select(one).where(within(scope)).executeTakeFirst());
      }),

    /** Extends these leases, and returns the holders of those that are still held: the others ended or were taken over. */
    renew: (leases: readonly Lease[]): Promise<Set<string>> =>
      asServiceFault('renew', async () => {
        const part = (name: keyof IdempotencyScope) => leases.map(({ scope }) => scope[name]);
        const { rows } = await sql<{ holder: string }>`
          update idempotency_records as record
             set locked_until = ${leaseEnd}
            from unnest(${part('caller')}::text[], ${part('route')}::text[], ${part('key')}::text[],
                        ${leases.map(({ holder }) => holder)}::uuid[]) as mine (caller, route, key, holder)
           where record.caller = mine.caller and record.route = mine.route and record.key = mine.key
             and record.holder = mine.holder and record.state = 'running'
             -- One that was just abandoned stays free for a retry.
             and record.locked_until <> '-infinity'
          returning record.holder`.execute(db);
        return new Set(rows.map(({ holder }) => holder));
      }),

    /** Stores the response for repeats, unless another attempt has taken over. */
    finish: (lease: Lease, { status, headers, body }: StoredResponse) =>
      asServiceFault('finish', () =>
        db
          .updateTable('idempotency_records')
          .set({ state: 'done', status, headers: JSON.stringify(headers), body: body ?? null })
          .where(heldBy(lease))
          .returning(withoutFlush)
          .execute(),
      ),

    /** Ends an attempt whose effect is unknown: the same request may be retried at once. */
    abandon: (lease: Lease) =>
      asServiceFault('abandon', () =>
        db
          .updateTable('idempotency_records')
          .set({ locked_until: sql<Date>`'-infinity'` })
          .where(heldBy(lease))
          .execute(),
      ),

    /** Deletes the record of an attempt without effect: any request may use the key again. */
    release: (lease: Lease) =>
      asServiceFault('release', () => db.deleteFrom('idempotency_records').where(heldBy(lease)).execute()),

    /** Deletes the records whose retention has ended. */
    purge: () =>
      asServiceFault('purge', () =>
        db
          .deleteFrom('idempotency_records')
          .where(sql<boolean>`created_at < now() - make_interval(hours => ${RETENTION_HOURS})`)
          .execute(),
      ),
  };
}

/**
 * In the RETURNING of a statement that is its own transaction: the response does not wait until the change is on the disk
 * (https://www.postgresql.org/docs/current/wal-async-commit.html). Everybody sees it at once. If the database server
 * crashes within a second, the record may be as it was before: a repeat is carried out again, and its effects are there.
 */
const withoutFlush = sql<string>`set_config('synchronous_commit', 'off', true)`.as('flushed');

const leaseEnd = sql<Date>`now() + make_interval(secs => ${LEASE_SECONDS})`;

/** Inserts the record, or takes it over if its lease has expired. */
async function take(
  db: Kysely<GatewayDatabase>,
  scope: IdempotencyScope,
  requestHash: string,
): Promise<Claim | undefined> {
  const holder = randomUUID();
  const taken = await db
    .insertInto('idempotency_records')
    .values({
      ...scope,
      request_hash: requestHash,
      state: 'running',
      holder,
      locked_until: leaseEnd,
      status: null,
      headers: null,
      body: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['caller', 'route', 'key'])
        .doUpdateSet({ holder, locked_until: leaseEnd })
        .where('idempotency_records.state', '=', 'running')
        .where('idempotency_records.request_hash', '=', requestHash)
        .where(sql<boolean>`idempotency_records.locked_until < now()`),
    )
    // A row created in this transaction was inserted; an older one was taken over.
    .returning([sql<boolean>`idempotency_records.created_at < now()`.as('retried'), withoutFlush])
    .executeTakeFirst();
  return taken && { outcome: 'claimed', holder, retried: taken.retried };
}

async function read(
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
  return { outcome: 'done', response: { status: row.status!, headers, body: row.body ?? undefined } };
}

const within = ({ caller, route, key }: IdempotencyScope) =>
  sql<boolean>`caller = ${caller} and route = ${route} and key = ${key}`;

const heldBy = ({ scope, holder }: Lease) =>
  sql<boolean>`${within(scope)} and holder = ${holder}::uuid and state = 'running'`;

/** To callers, the gateway's own database is one more service that may be unavailable. */
async function asServiceFault<Result>(operation: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new ServiceFault('gateway database', operation, error);
  }
}
