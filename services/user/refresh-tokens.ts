import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { UserDatabase } from './database.ts';

// RFC 9700 section 4.14.2 and RFC 6819 section 5.1.4.2.2 require at least 128 bits; 256 cost nothing more.
const BYTES = 32;

/** A secret of 256 random bits. The prefix `kind` lets people and scanners for leaked secrets recognize it. */
export const newSecret = (kind: 'rt' | 'cs' | 'pr' | 'ev' | 'go'): string =>
  `${kind}_${randomBytes(BYTES).toString('base64url')}`;

/** What is stored of a secret. Looked up by equality, because a timing attack on it would require preimages. */
export const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export const newSalt = (): Buffer => randomBytes(BYTES);

/**
 * The next token, derived from the token and the salt stored beside its digest. It can be returned again when the token
 * is presented again, and cannot be derived from either of the two alone.
 */
export const successorOf = (token: string, salt: Buffer): string =>
  `rt_${createHmac('sha256', token).update(salt).digest('base64url')}`;

/** Stores the token that continues the session. A session has one unspent token. */
export const storeToken = (transaction: Transaction<UserDatabase>, sessionId: string, token: string) =>
  transaction
    .insertInto('refresh_tokens')
    .values({ token_hash: digestOf(token), session_id: sessionId })
    .execute();
