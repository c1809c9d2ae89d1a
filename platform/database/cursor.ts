import { type RawBuilder, sql } from 'kysely';
import { Refusal } from '../contract/refusal.ts';

/** Where a list goes on: the last row's sort key, opaque to the caller. */
export const encodeCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** The sort key a cursor was made of, of `length` parts. Refuses `BadCursor` for anything else. */
export function decodeCursor(cursor: string, length: number): string[] {
  const refusal = new Refusal('BadCursor', 'this cursor was not handed out by this list');
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw refusal;
  }
  if (!Array.isArray(key) || key.length !== length || !key.every((part) => typeof part === 'string')) throw refusal;
  return key;
}

/** A place in a list that is sorted by age, newest first, and by id (a UUID) among equals. */
export interface Age {
  at: Date;
  id: string;
}

/** The rows after this place, where `column` says when. Refuses `BadCursor` for a place that no list handed out. */
export function olderThan(after: string, column: string): RawBuilder<boolean> {
  const { at, id } = decodeAge(after);
  return sql<boolean>`(${sql.ref(column)}, id) < (${at}, ${id}::uuid)`;
}

/** A page of rows sorted by age, newest first, of which one more than `limit` was asked for. */
export function pageByAge<Row extends { id: string }>(
  rows: readonly Row[],
  limit: number,
  ageOf: (row: Row) => Date,
): { items: Row[]; next: string | null } {
  const last = rows[limit - 1];
  const next = rows.length > limit && last ? encodeAge({ at: ageOf(last), id: last.id }) : null;
  return { items: rows.slice(0, limit), next };
}

export const encodeAge = ({ at, id }: Age): string => encodeCursor([at.toISOString(), id]);

// PostgreSQL knows no years beyond these; encodeAge makes none.
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Refuses `BadCursor` for anything `encodeAge` did not make. */
export function decodeAge(cursor: string): Age {
  const [at, id] = decodeCursor(cursor, 2) as [string, string];
  const date = new Date(at);
  if (!TIME.test(at) || Number.isNaN(date.getTime()) || !UUID.test(id)) {
    throw new Refusal('BadCursor', 'this cursor was not handed out by this list');
  }
  return { at: date, id };
}
