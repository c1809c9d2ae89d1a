import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Problem, titleOf } from '../platform/http/problem.ts';
import type { Reply } from '../platform/http/route.ts';
import type { Books } from './sqlite.ts';

/** For the schema of every sandbox server's books. */
export const ANSWERS_SCHEMA = `
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

/** An answer is passed on as it was decided and stored: no field of it is ours to take away. */
export const AsDecided = z.looseObject({});

/** What was decided, for good: a success, or a refusal as a problem document. */
export interface Outcome {
  status: number;
  body: Record<string, unknown>;
}

/** One request for an effect, named by its Idempotency-Key. */
export interface Asking {
  key: string;
  action: string;
  /** Whose trouble this is: it is counted by this and the action. */
  subject: string;
  payload: unknown;
}

/** What goes wrong on the way to a yes, for those who want to see it go wrong. */
export interface Trouble {
  /** Answers 503 twice, and does nothing. */
  unavailable?: boolean;
  /** Takes SLOW_MS. */
  slow?: boolean;
  /** Does it, then hangs up without an answer, the first time. */
  drops?: boolean;
}

const UNAVAILABLE_TIMES = 2;
const SLOW_MS = 3_000;

/** Thrown where the caller is to learn nothing: the connection is closed without an answer. */
export class DroppedConnection extends Error {
  override readonly name = 'DroppedConnection';
}

export const refusal = (status: number, code: string, detail: string): Outcome => ({
  status,
  body: { type: `/problems/${code}`, title: titleOf(code), status, detail, code },
});

/** Decides once for each Idempotency-Key, in one transaction with the effect; a repeat gets the first outcome. */
export async function perform(books: Books, asking: Asking, trouble: Trouble, decide: () => Outcome): Promise<Outcome> {
  const stored = recall(books, asking);
  if (stored) return stored;
  if (trouble.unavailable && countTrouble(books, asking, 'unavailable') <= UNAVAILABLE_TIMES) {
    throw new Problem(503, 'Unavailable', 'out of order for a moment', { headers: { 'Retry-After': '1' } });
  }
  if (trouble.slow) await sleep(SLOW_MS);
  const { outcome, dropped } = books.transaction(() => {
    const earlier = recall(books, asking);
    if (earlier) return { outcome: earlier, dropped: false };
    const outcome = decide();
    store(books, asking, outcome);
    const says = outcome.status < 400;
    return { outcome, dropped: says && !!trouble.drops && countTrouble(books, asking, 'drops') === 1 };
  });
  if (dropped) throw new DroppedConnection('hung up after the effect');
  return outcome;
}

/** The outcome as an HTTP answer. */
export function replyWith({ status, body }: Outcome): Reply {
  if (status < 400) return { status, body };
  throw new Problem(status, String(body.code), String(body.detail));
}

/** What was decided under this key, for whoever did not hear the answer. */
export function outcomeOf(books: Books, key: string): Outcome | undefined {
  const row = books.first<StoredRow>('select fingerprint, status, body from answers where idempotency_key = ?', key);
  return row && { status: row.status, body: JSON.parse(row.body) as Outcome['body'] };
}

interface StoredRow {
  fingerprint: string;
  status: number;
  body: string;
}

function recall(books: Books, asking: Asking): Outcome | undefined {
  const row = books.first<StoredRow>('select fingerprint from answers where idempotency_key = ?', asking.key);
  if (row && row.fingerprint !== fingerprint(asking)) {
    throw new Problem(422, 'IdempotencyKeyReused', 'this Idempotency-Key was used for another request');
  }
  return row && outcomeOf(books, asking.key);
}

const store = (books: Books, asking: Asking, { status, body }: Outcome) =>
  books.insert('answers', {
    idempotency_key: asking.key,
    fingerprint: fingerprint(asking),
    status,
    body: JSON.stringify(body),
  });

const fingerprint = ({ action, payload }: Asking) =>
  createHash('sha256')
    .update(JSON.stringify([action, payload]))
    .digest('hex');

/** How often this trouble has struck, this time included. Kept on disk: a restart mends nothing. */
const countTrouble = (books: Books, { subject, action }: Asking, kind: keyof Trouble): number =>
  books.first<{ times: number }>(
    `insert into troubles (name, times) values (?, 1)
     on conflict (name) do update set times = times + 1 returning times`,
    JSON.stringify([kind, action, subject]),
  )!.times;
