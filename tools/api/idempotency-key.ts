import { createHash } from 'node:crypto';

// The API takes up to 255 characters; this leaves room for the name of a second request of the same record.
const LONGEST = 200;

/**
 * The Idempotency-Key of a file's record: the same record always has the same key, and no two have one. The API takes
 * visible ASCII (the header of draft-ietf-httpapi-idempotency-key-header), so other characters and the percent sign are
 * percent-encoded (RFC 3986 section 2.1), and a key that is too long is replaced with its hash.
 */
export function idempotencyKey(kind: string, id: string): string {
  const key = `${kind}-${id.replace(/[^\x21-\x24\x26-\x7e]/gu, percentEncoded)}`;
  if (key.length <= LONGEST) return key;
  // Percent-encoding never gives "%sha256".
  return `${kind}-%sha256-${createHash('sha256').update(key).digest('hex')}`;
}

const percentEncoded = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
