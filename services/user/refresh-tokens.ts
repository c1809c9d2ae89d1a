import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { UserDatabase } from './database.ts';

/** RFC 9700 section 4.14.2 and RFC 6819 section 5.1.4.2.2 ask for 128 bits or more; 256 cost nothing. */
const BYTES = 32;

/** A secret of 256 random bits. `kind` lets a scanner for leaked secrets, and a person, see what was found. */
export const newSecret = (kind: 'rt' | 'cs'): string => `${kind}_${randomBytes(BYTES).toString('base64url')}`;

/** What is kept of a secret. Looked up by equality: to time that, one would have to find preimages. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const newSalt = (): Buffer => randomBytes(BYTES);

/**
 * The token after this one. Made of the token and what is stored beside its digest, so that it can be handed out
 * again to whoever shows the token again, and to nobody who has but one of the two.
 */
export const successorOf = (token: string, salt: Buffer): string =>
  `rt_${createHmac('sha256', token).update(salt).digest('base64url')}`;

/** Makes this the token that continues the session; it has no other that is unspent. */
export const keepToken = (transaction: Transaction<UserDatabase>, sessionId: string, token: string) =>
  transaction
    .insertInto('refresh_tokens')
    .values({ token_hash: digestOf(token), session_id: sessionId })
    .execute();
