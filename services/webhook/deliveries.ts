import { type Kysely, type Selectable, sql } from 'kysely';
import {
  type ListWebhookDeliveries,
  type WebhookAttempt,
  type WebhookDelivery,
  type WebhookRequests,
  webhookRefusal,
} from '../../activities/webhook.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import type { AttemptTable, DeliveryTable, WebhookDatabase } from './database.ts';
import { findEndpoint } from './endpoints.ts';
import { beginNextRound } from './rounds.ts';
import type { DeliveryWorkflows } from './workflows.ts';

const SHOWN_ATTEMPTS = 20;

/** Lists deliveries and sends them again. */
export const createDeliveryRequests = (
  db: Kysely<WebhookDatabase>,
  workflows: DeliveryWorkflows,
): Pick<WebhookRequests, 'listDeliveries' | 'redeliver'> => ({
  async listDeliveries({ after, limit, ...endpoint }) {
    await findEndpoint(db, endpoint);
    const rows = await latestDeliveries(db, { ...endpoint, after, limit });
    const { items, next } = pageByAge(rows, limit, (row) => row.created_at);
    return { items: await views(db, items), next };
  },

  async redeliver({ deliveryId, ...endpoint }) {
    const row = await findDelivery(db, { deliveryId, ...endpoint });
    if (row.endpoint_state === 'disabled') {
      throw webhookRefusal(
        'EndpointDisabled',
        'the endpoint is disabled because it responded 410 Gone: register it again',
      );
    }
    if (!(await isUnderWay(row, workflows))) await beginNextRound(db, { deliveryId, round: row.round });
    const [view] = await views(db, [await findDelivery(db, { deliveryId, ...endpoint })]);
    return view!;
  },
});

type DeliveryRow = Selectable<DeliveryTable>;

function latestDeliveries(
  db: Kysely<WebhookDatabase>,
  { endpointId, after, limit }: ListWebhookDeliveries,
): Promise<DeliveryRow[]> {
  let query = db
    .selectFrom('deliveries')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1);
  if (after) query = query.where(olderThan(after, 'created_at'));
  return query.execute();
}

async function findDelivery(
  db: Kysely<WebhookDatabase>,
  { customerId, endpointId, deliveryId }: { customerId: string; endpointId: string; deliveryId: string },
) {
  const row = await db
    .selectFrom('deliveries')
    .innerJoin('endpoints', 'endpoints.id', 'deliveries.endpoint_id')
    .selectAll('deliveries')
    .select('endpoints.state as endpoint_state')
    .where('deliveries.id', '=', deliveryId)
    .where('endpoint_id', '=', endpointId)
    .where('customer_id', '=', customerId)
    .executeTakeFirst();
  if (!row) throw webhookRefusal('DeliveryNotFound', 'there is no such delivery');
  return row;
}

/** Whether the delivery's workflow was told to send at once, or is about to be started. */
const isUnderWay = async ({ id, state, round, started_round }: DeliveryRow, workflows: DeliveryWorkflows) =>
  state === 'pending' && (started_round < round || (await workflows.retryNow(id)));

async function views(db: Kysely<WebhookDatabase>, rows: readonly DeliveryRow[]): Promise<WebhookDelivery[]> {
  const attempts = await latestAttempts(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
    id: row.id,
    eventId: row.event_id,
    type: row.type,
    state: row.state,
    attempts: attempts.filter(({ delivery_id }) => delivery_id === row.id).map(attemptView),
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }));
}

/** Oldest first. */
async function latestAttempts(db: Kysely<WebhookDatabase>, deliveryIds: string[]): Promise<Selectable<AttemptTable>[]> {
  const { rows } = await sql<Selectable<AttemptTable>>`
    select latest.* from unnest(${deliveryIds}::uuid[]) as delivery (id), lateral (
      select * from attempts where delivery_id = delivery.id
       order by round desc, attempt desc limit ${SHOWN_ATTEMPTS}) as latest
     order by round, attempt`.execute(db);
  return rows;
}

const attemptView = ({ at, status, duration_ms, excerpt, error }: Selectable<AttemptTable>): WebhookAttempt => ({
  at: at.toISOString(),
  status,
  durationMs: duration_ms,
  excerpt,
  error,
});
