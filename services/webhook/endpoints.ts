import { randomUUID } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { WebhookEndpoint, WebhookEndpointRef, WebhookRequests } from '../../activities/webhook.ts';
import type { EndpointTable, WebhookDatabase } from './database.ts';
import { refusal } from './refusal.ts';
import { type Safe, newSecret } from './secrets.ts';
import { type Reach, checkUrl } from './urls.ts';

// Each event of an order costs a delivery an endpoint; a customer's few systems fit.
const MOST_ENDPOINTS = 10;

/** Where customers' systems want to be told. */
export const createEndpointRequests = (
  db: Kysely<WebhookDatabase>,
  { safe, reach }: { safe: Safe; reach: Reach },
): Omit<WebhookRequests, 'listDeliveries' | 'redeliver'> => ({
  async createEndpoint({ customerId, url, events }) {
    const checked = await checkUrl(url, reach);
    const [id, secret] = [randomUUID(), newSecret()];
    const row = await db.transaction().execute(async (work) => {
      await keepBelowMost(work, customerId);
      const values = { id, customer_id: customerId, url: checked, events: [...new Set(events)] };
      return work
        .insertInto('endpoints')
        .values({ ...values, secret: safe.seal(secret, id), previous_secret: null, previous_until: null })
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
        secret: safe.seal(secret, endpoint.endpointId),
        // Long enough to change it in every place where the receiver runs.
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

/** Somebody else's is answered like one that does not exist. */
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

/** Holds a lock of the customer's until the transaction ends, so that two who register at once are counted. */
async function keepBelowMost(work: Kysely<WebhookDatabase>, customerId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${customerId}, 0))`.execute(work);
  const { count } = await work
    .selectFrom('endpoints')
    .select(sql<number>`count(*)`.as('count'))
    .where('customer_id', '=', customerId)
    .executeTakeFirstOrThrow();
  if (count >= MOST_ENDPOINTS) throw refusal('TooManyEndpoints', `there are ${MOST_ENDPOINTS} already`);
}

const view = ({ id, url, events, state, previous_until, created_at }: Selectable<EndpointTable>): WebhookEndpoint => ({
  id,
  url,
  events,
  state,
  previousSecretUntil: previous_until && previous_until > new Date() ? previous_until.toISOString() : null,
  createdAt: created_at.toISOString(),
});

const notFound = () => refusal('EndpointNotFound', 'there is no such endpoint');
