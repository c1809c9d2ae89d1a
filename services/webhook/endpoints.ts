import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import {
  type WebhookEndpoint,
  type WebhookEndpointRef,
  type WebhookRequests,
  webhookRefusal,
} from '../../activities/webhook.ts';
import type { EndpointTable, WebhookDatabase } from './database.ts';
import { type SecretCipher, newSecret } from './secrets.ts';
import { type UrlPolicy, checkUrl } from './urls.ts';

// Each event costs a delivery per endpoint; ten are enough for a customer's systems.
const MOST_ENDPOINTS = 10;

/** Registers and manages the endpoints of customers' systems. */
export const createEndpointRequests = (
  db: Kysely<WebhookDatabase>,
  { secretCipher, urlPolicy }: { secretCipher: SecretCipher; urlPolicy: UrlPolicy },
): Omit<WebhookRequests, 'listDeliveries' | 'redeliver'> => ({
  async createEndpoint({ customerId, url, events }) {
    const checked = await checkUrl(url, urlPolicy);
    const [id, secret] = [randomUUID(), newSecret()];
    const row = await db.transaction().execute(async (transaction) => {
      await checkLimit(transaction, customerId);
      const values = { id, customer_id: customerId, url: checked, events: [...new Set(events)] };
      return transaction
        .insertInto('endpoints')
        .values({ ...values, secret: secretCipher.encrypt(secret, id), previous_secret: null, previous_until: null })
        .returningAll()
        .executeTakeFirstOrThrow();
    });
    return { ...view(row), secret };
  },

  async listEndpoints({ customerId }) {
    const rows = await db
      .selectFrom('endpoints')
      .selectAll()
      .where('customer_id', '=', customerId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .execute();
    return { items: rows.map(view) };
  },

  getEndpoint: async (endpoint) => view(await findEndpoint(db, endpoint)),

  async deleteEndpoint(endpoint) {
    const { numDeletedRows } = await db.deleteFrom('endpoints').where(isOwn(endpoint)).executeTakeFirst();
    if (numDeletedRows === 0n) throw notFound();
  },

  async renewEndpointSecret(endpoint) {
    const secret = newSecret();
    const row = await db
      .updateTable('endpoints')
      .set({
        secret: secretCipher.encrypt(secret, endpoint.endpointId),
        // Long enough to replace the secret everywhere the receiver runs.
        previous_secret: sql`secret`,
        previous_until: sql`now() + interval '1 day'`,
      })
      .where(isOwn(endpoint))
      .returningAll()
      .executeTakeFirst();
    if (!row) throw notFound();
    return { ...view(row), secret };
  },
});

/** Refuses another customer's endpoint like one that does not exist. */
export async function findEndpoint(
  db: Kysely<WebhookDatabase>,
  endpoint: WebhookEndpointRef,
): Promise<Selectable<EndpointTable>> {
  const row = await db.selectFrom('endpoints').selectAll().where(isOwn(endpoint)).executeTakeFirst();
  if (!row) throw notFound();
  return row;
}

const isOwn = ({ customerId, endpointId }: WebhookEndpointRef) =>
  sql<boolean>`id = ${endpointId}::uuid and customer_id = ${customerId}::uuid`;

/** Takes a lock per customer until the transaction ends, so that concurrent registrations are counted. */
async function checkLimit(transaction: Kysely<WebhookDatabase>, customerId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${customerId}, 0))`.execute(transaction);
  const { count } = await transaction
    .selectFrom('endpoints')
    .select(sql<number>`count(*)`.as('count'))
    .where('customer_id', '=', customerId)
    .executeTakeFirstOrThrow();
  if (count >= MOST_ENDPOINTS)
    throw webhookRefusal('TooManyEndpoints', `there are already ${MOST_ENDPOINTS} endpoints: delete one first`);
}

const view = ({ id, url, events, state, previous_until, created_at }: Selectable<EndpointTable>): WebhookEndpoint => ({
  id,
  url,
  events,
  state,
  previousSecretUntil: previous_until && previous_until > new Date() ? previous_until.toISOString() : null,
  createdAt: created_at.toISOString(),
});

const notFound = () => webhookRefusal('EndpointNotFound', 'there is no such endpoint');
