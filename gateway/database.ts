import type { Generated } from 'kysely';

/** Requests with an Idempotency-Key, and their responses. */
export interface IdempotencyRecordTable {
  caller: string;
  /** Method and path template. */
  route: string;
  key: string;
  /** SHA-256 of path and body. */
  request_hash: string;
  state: 'running' | 'done';
  /** The attempt that holds the key; an attempt that lost it cannot write any more. */
  holder: string;
  /** When a running attempt is considered dead. */
  locked_until: Date;
  status: number | null;
  headers: string | null;
  body: string | null;
  created_at: Generated<Date>;
}

/** How much of its quota each caller has used. */
export interface RateLimitTable {
  subject: string;
  taken: number;
  leased: number;
  window_ends_at: Date;
}

/** What staff did, and what came of it. The gateway may only add rows. */
export interface AuditEntryTable {
  id: string;
  at: Generated<Date>;
  actor: string;
  actor_role: string;
  operation: string;
  subjects: string[];
  reason: string | null;
  request_id: string;
}

export interface AuditOutcomeTable {
  entry_id: string;
  at: Generated<Date>;
  status: number;
  created: string | null;
}

export interface GatewayDatabase {
  idempotency_records: IdempotencyRecordTable;
  rate_limits: RateLimitTable;
  audit_entries: AuditEntryTable;
  audit_outcomes: AuditOutcomeTable;
}
