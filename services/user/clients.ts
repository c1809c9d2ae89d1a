import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import { z } from 'zod';
import type { Client, ClientRequests, Scope } from '../../activities/client.ts';
import type { UserDatabase } from './database.ts';
import { digestOf, newSecret } from './refresh-tokens.ts';
import { refusal } from './refusal.ts';

// One list on one screen; whoever has more machines than this gives several of them one client.
const MOST_CLIENTS = 200;

/** Machines that sign in by themselves. */
export const createClientRequests = (db: Kysely<UserDatabase>): ClientRequests => ({
  async createClient({ name, scopes, createdBy }) {
    const { items } = await list(db);
    if (items.length >= MOST_CLIENTS) throw refusal('TooManyClients', `there are ${MOST_CLIENTS} already`);
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
        // Long enough to change it in every place where the machine runs.
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
      .select(sql<boolean>`previous_until > now()`.as('previous_holds'))
      .where('id', '=', idOf(clientId))
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    const digest = digestOf(secret);
    const right =
      row &&
      (timingSafeEqual(digest, row.secret_hash) || (row.previous_holds && timingSafeEqual(digest, row.previous_hash!)));
    if (!right) throw refusal('BadClient', 'client id or secret is wrong');
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

/** What is no id is nobody's. */
const idOf = (text: string): string | null => z.uuid().safeParse(text).data ?? null;

const notFound = () => refusal('ClientNotFound', 'there is no such client');
