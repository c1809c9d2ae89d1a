import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Problem, titleOf } from '../platform/http/problem.ts';
import type { Reply } from '../platform/http/route.ts';
import type { SqliteFile } from './sqlite.ts';

/** Part of the schema of every sandbox server's database. */
export const OUTCOMES_SCHEMA = `
  create table if not exists answers (
    idempotency_key text primary key,
    fingerprint text not null,
    status integer not null,
    body text not null
  ) strict;
  create table if not exists troubles (
    name text primary key,
    times integer not null
  ) strict;`;

/** The schema of a response: the stored body is returned unchanged. */
export const StoredBody = z.looseObject({});

/** A final outcome: a success, or a refusal as a problem document. */
export interface StoredOutcome {
  status: number;
  body: Record<string, unknown>;
}

/** A request for an effect, identified by its Idempotency-Key. */
export interface EffectRequest {
  key: string;
  action: string;
  /** Simulated faults are counted per subject and action. */
  subject: string;
  payload: unknown;
}

/** A fault to simulate before or after a success, for testing the caller. */
export interface SimulatedFault {
  /** Responds with 503 twice, without the effect. */
  unavailable?: boolean;
  /** Takes SLOW_MS. */
  slow?: boolean;
  /** The first time, executes the effect and closes the connection without a response. */
  drops?: boolean;
}

const UNAVAILABLE_TIMES = 2;
const SLOW_MS = 3_000;

/** For people who choose one. */
export const FAULTS_IN_WORDS: Readonly<Record<keyof SimulatedFault, string>> = {
  unavailable: `503 the first ${UNAVAILABLE_TIMES} times, then it succeeds`,
  slow: `succeeds after ${SLOW_MS / 1000} s`,
  drops: 'carried out, but the first time the connection is closed without a response',
};

/** Thrown to close the connection without a response. */
export class DroppedConnection extends Error {
  override readonly name = 'DroppedConnection';
}

export const refusal = (status: number, code: string, detail: string): StoredOutcome => ({
  status,
  body: { type: `/problems/${code}`, title: titleOf(code), status, detail, code },
});

/** Decides once per Idempotency-Key, in one transaction with the effect. A repeat returns the first outcome. */
export async function performOnce(
  db: SqliteFile,
  request: EffectRequest,
  fault: SimulatedFault,
  decide: () => StoredOutcome,
): Promise<StoredOutcome> {
  const stored = recall(db, request);
  if (stored) return stored;
  if (fault.unavailable && countFault(db, request, 'unavailable') <= UNAVAILABLE_TIMES) {
    throw new Problem(503, 'Unavailable', 'temporarily unavailable', { headers: { 'Retry-After': '1' } });
  }
  if (fault.slow) await sleep(SLOW_MS);
  const { outcome, dropped } = db.transaction(() => {
    const earlier = recall(db, request);
    if (earlier) return { outcome: earlier, dropped: false };
    const outcome = decide();
    store(db, request, outcome);
    const succeeded = outcome.status < 400;
    return { outcome, dropped: succeeded && !!fault.drops && countFault(db, request, 'drops') === 1 };
  });
  if (dropped) throw new DroppedConnection('connection closed after the effect');
  return outcome;
}

/** The outcome as an HTTP response. */
export function replyWith({ status, body }: StoredOutcome): Reply {
  if (status < 400) return { status, body };
  throw new Problem(status, String(body.code), String(body.detail));
}

/** The outcome stored under this key, for a caller that lost the response. */
export function findOutcome(db: SqliteFile, key: string): StoredOutcome | undefined {
  const row = db.first<StoredRow>('select fingerprint, status, body from answers where idempotency_key = ?', key);
  return row && { status: row.status, body: JSON.parse(row.body) as StoredOutcome['body'] };
}

interface StoredRow {
  fingerprint: string;
  status: number;
  body: string;
}

/** The outcome of an earlier request with this key. Refuses another request with the same key. */
function recall(db: SqliteFile, request: EffectRequest): StoredOutcome | undefined {
  const row = db.first<StoredRow>('select fingerprint from answers where idempotency_key = ?', request.key);
  if (row && row.fingerprint !== fingerprint(request)) {
    throw new Problem(422, 'IdempotencyKeyReused', 'this Idempotency-Key was used for another request');
  }
  return row && findOutcome(db, request.key);
}

const store = (db: SqliteFile, request: EffectRequest, { status, body }: StoredOutcome) =>
  db.insert('answers', {
    idempotency_key: request.key,
    fingerprint: fingerprint(request),
    status,
    body: JSON.stringify(body),
  });

const fingerprint = ({ action, payload }: EffectRequest) =>
  createHash('sha256')
    .update(JSON.stringify([action, payload]))
    .digest('hex');

/** Counts this fault, this time included. The count is on disk, so that it survives a restart. */
const countFault = (db: SqliteFile, { subject, action }: EffectRequest, kind: keyof SimulatedFault): number =>
  db.first<{ times: number }>(
    `insert into troubles (name, times) values (?, 1)
     on conflict (name) do update set times = times + 1 returning times`,
    JSON.stringify([kind, action, subject]),
  )!.times;
