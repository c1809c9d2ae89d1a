import type { Generated } from 'kysely';

/** What the gateway remembers of requests that carried an Idempotency-Key. */
export interface IdempotencyRecordTable {
  caller: string;
  /** Method and path template. */
  route: string;
  key: string;
  /** SHA-256 of path and body: what the key stands for. */
  request_hash: string;
  state: 'running' | 'done';
  /** Which attempt is at it; an attempt that was taken over cannot write any more. */
  holder: string;
  /** Until when a running attempt is believed to be alive. */
  locked_until: Date;
  status: number | null;
  headers: string | null;
  body: string | null;
  created_at: Generated<Date>;
}

/** How much of a quota has been handed out, by whose it is. */
export interface RateLimitTable {
  subject: string;
  taken: number;
  leased: number;
  window_ends_at: Date;
}

export interface GatewayDatabase {
  idempotency_records: IdempotencyRecordTable;
  rate_limits: RateLimitTable;
}
