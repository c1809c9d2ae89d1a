import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Page } from '../../platform/contract/operation.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import type { AuditEntryTable, GatewayDatabase } from '../database.ts';

/** What is known of an action before it is performed. */
export interface AuditedAction {
  actor: string;
  /** `client` for an API client. */
  actorRole: string;
  operation: string;
  subjects: readonly string[];
  reason: string | undefined;
  requestId: string;
}

/** What came of it. `created` is the id of what it created, if it had none before. */
export interface AuditOutcome {
  status: number;
  created: string | undefined;
}

/** An action of the audit trail. `status` is null while it is carried out, or if it is not known how it ended. */
export interface AuditEntry {
  id: string;
  at: Date;
  actor: string;
  actorRole: string;
  operation: string;
  subjects: string[];
  reason: string | null;
  requestId: string;
  status: number | null;
  created: string | null;
}

export interface AuditQuery {
  subject: string | undefined;
  actor: string | undefined;
  from: string | undefined;
  after: string | undefined;
  limit: number;
}

export type AuditRecords = ReturnType<typeof createAuditRecords>;

/** The audit trail in the gateway's database, where its role may neither change nor delete entries. */
export function createAuditRecords(db: Kysely<GatewayDatabase>) {
  return {
    /** Adds an entry and returns its id. The action must not be performed if this fails. */
    async begin({ actorRole, requestId, reason, subjects, ...action }: AuditedAction): Promise<string> {
      const id = randomUUID();
      const entry = {
        ...action,
        id,
        actor_role: actorRole,
        subjects: subjects.map(storableText),
        reason: reason === undefined ? null : storableText(reason),
        request_id: requestId,
      };
      await asServiceFault('begin', db.insertInto('audit_entries').values(entry).execute());
      return id;
    },

    /** Adds the outcome of an action. */
    async complete(id: string, { status, created }: AuditOutcome): Promise<void> {
      const outcome = { entry_id: id, status, created: created ?? null };
      await asServiceFault('complete', db.insertInto('audit_outcomes').values(outcome).execute());
    },

    /** The actions about this subject, by this actor and from this time on, newest first. Refuses `BadCursor`. */
    list: (query: AuditQuery): Promise<Page<AuditEntry>> => asServiceFault('list', list(db, query)),
  };
}

async function list(
  db: Kysely<GatewayDatabase>,
  { subject, actor, from, after, limit }: AuditQuery,
): Promise<Page<AuditEntry>> {
  let entries = db
    .selectFrom('audit_entries')
    .leftJoin('audit_outcomes', 'audit_outcomes.entry_id', 'audit_entries.id')
    .selectAll('audit_entries')
    .select(['status', 'created'])
    .orderBy('audit_entries.at', 'desc')
    .orderBy('audit_entries.id', 'desc')
    .limit(limit + 1);
  if (subject !== undefined) entries = entries.where(isAbout(storableText(subject)));
  if (actor !== undefined) entries = entries.where('actor', '=', actor);
  if (from !== undefined) entries = entries.where('audit_entries.at', '>=', new Date(from));
  if (after !== undefined) entries = entries.where(olderThan(after, 'audit_entries.at'));
  const { items, next } = pageByAge(await entries.execute(), limit, (row) => row.at);
  return { items: items.map(entryOf), next };
}

/** SQL condition. Two index scans: a join with `or` would read every entry. */
const isAbout = (subject: string) =>
  sql<boolean>`audit_entries.id in (
    select id from audit_entries where subjects @> array[${subject}::text]
    union all select entry_id from audit_outcomes where created = ${subject})`;

type Row = Selectable<AuditEntryTable> & { status: number | null; created: string | null };

const entryOf = ({ actor_role: actorRole, request_id: requestId, ...row }: Row): AuditEntry => ({
  ...row,
  actorRole,
  requestId,
});

/** To callers, the gateway's own database is one more service that may be unavailable. */
async function asServiceFault<Result>(operation: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new ServiceFault('gateway database', operation, error);
  }
}
