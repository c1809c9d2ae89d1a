import { type RawBuilder, sql } from 'kysely';
import { Refusal } from '../contract/refusal.ts';

/** Where the next page of a list begins: the last row's sort key, opaque to the caller. */
export const encodeCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** Decodes a cursor into its sort key of `length` parts. Refuses anything else with `BadCursor`. */
export function decodeCursor(cursor: string, length: number): string[] {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw notIssuedHere();
  }
  if (!Array.isArray(key) || key.length !== length || !key.every((part) => typeof part === 'string')) {
    throw notIssuedHere();
  }
  return key;
}

const notIssuedHere = (): Refusal => new Refusal('BadCursor', 'this cursor was not issued by this list');

// As PostgreSQL writes them, because a list may also compare them as text.
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Decodes the cursor of a list sorted by id (a UUID). Refuses anything else with `BadCursor`. */
export function decodeId(cursor: string): string {
  const [id] = decodeCursor(cursor, 1) as [string];
  if (!UUID.test(id)) throw notIssuedHere();
  return id;
}

/** Reads a sequence number from a cursor's key. Refuses anything that `String` does not write with `BadCursor`. */
export function sequenceOf(part: string): number {
  // Fifteen digits are exact as a JavaScript number and fit in a bigint.
  if (!/^(0|[1-9]\d{0,14})$/.test(part)) throw notIssuedHere();
  return Number(part);
}

/** A position in a list sorted by age, newest first, then by id (a UUID). */
export interface Age {
  at: Date;
  id: string;
}

/** Selects the rows after this position; `column` holds their time. Refuses an invalid position with `BadCursor`. */
export function olderThan(after: string, column: string): RawBuilder<boolean> {
  const { at, id } = decodeAge(after);
  return sql<boolean>`(${sql.ref(column)}, id) < (${at}, ${id}::uuid)`;
}

/** One page of rows sorted by age, newest first. `rows` must have been selected with `limit + 1`. */
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

// PostgreSQL has no years beyond these, and encodeAge never writes them.
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Refuses anything that `encodeAge` did not write with `BadCursor`. */
export function decodeAge(cursor: string): Age {
  const [at, id] = decodeCursor(cursor, 2) as [string, string];
  const date = new Date(at);
  if (!TIME.test(at) || Number.isNaN(date.getTime()) || !UUID.test(id)) throw notIssuedHere();
  return { at: date, id };
}
