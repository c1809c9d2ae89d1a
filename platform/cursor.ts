import { Refusal } from './refusal.ts';

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
