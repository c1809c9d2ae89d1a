import { userRefusal } from '../../activities/user.ts';
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import type { Client, ClientRequests, Scope } from '../../activities/client.ts';
import type { UserDatabase } from './database.ts';
import { digestOf, newSecret } from './refresh-tokens.ts';

// The list fits on one screen. Several machines can share a client where there are more.
const MOST_CLIENTS = 200;

/** API clients: programs that sign in with an id and a secret. */
export const createClientRequests = (db: Kysely<UserDatabase>): ClientRequests => ({
  async createClient({ name, scopes, createdBy }) {
    const { items } = await list(db);
    if (items.length >= MOST_CLIENTS)
      throw userRefusal('TooManyClients', `there are already ${MOST_CLIENTS} clients: delete one first`);
    const secret = newSecret('cs');
    const row = await db
      .insertInto('clients')
      .values({
        id: randomUUID(),
        name,
        scopes: [...new Set(scopes)],
        secret_hash: digestOf(secret),
        created_by: createdBy,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { ...clientOf(row), secret };
  },

  listClients: () => list(db),

  async renewClientSecret({ clientId }) {
    const secret = newSecret('cs');
    const row = await db
      .updateTable('clients')
      .set({
        secret_hash: digestOf(secret),
        // Long enough to replace the secret everywhere the client runs.
        previous_hash: sql`secret_hash`,
        previous_until: sql`now() + interval '1 day'`,
      })
      .where('id', '=', idOf(clientId))
      .where('deleted_at', 'is', null)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw notFound();
    return { ...clientOf(row), secret };
  },

  async deleteClient({ clientId }) {
    const { numUpdatedRows } = await db
      .updateTable('clients')
      .set({ deleted_at: sql`now()` })
      .where('id', '=', idOf(clientId))
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw notFound();
  },

  async authenticateClient({ clientId, secret }) {
    const row = await db
      .selectFrom('clients')
      .selectAll()
      .select(sql<boolean>`previous_until > now()`.as('previous_valid'))
      .where('id', '=', idOf(clientId))
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    const digest = digestOf(secret);
    const correct =
      row &&
      (timingSafeEqual(digest, row.secret_hash) || (row.previous_valid && timingSafeEqual(digest, row.previous_hash!)));
    if (!correct) throw userRefusal('BadClient', 'client id or secret is wrong');
    return clientOf(row);
  },
});

async function list(db: Kysely<UserDatabase>): Promise<{ items: Client[] }> {
  const rows = await db
    .selectFrom('clients')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute();
  return { items: rows.map(clientOf) };
}

const clientOf = ({ id, name, scopes, created_at }: Selectable<UserDatabase['clients']>): Client => ({
  id,
  name,
  scopes: scopes as Scope[],
  createdAt: created_at.toISOString(),
});

/** Null, which matches no row, if the text is not an id. */
const idOf = (text: string): string | null => z.uuid().safeParse(text).data ?? null;

const notFound = () => userRefusal('ClientNotFound', 'there is no such client');
