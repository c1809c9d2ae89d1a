import type { Kysely, Selectable } from 'kysely';
import type { Mail, NotificationRequests } from '../../activities/notification.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import type { MailTable, NotificationDatabase } from './database.ts';
import { resendMail } from './resending.ts';

export const createNotificationRequests = (db: Kysely<NotificationDatabase>): NotificationRequests => ({
  async listMails({ state, orderId, after, limit }) {
    let query = db
      .selectFrom('mails')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit + 1);
    if (state) query = query.where('state', '=', state);
    if (orderId) query = query.where('order_id', '=', orderId);
    if (after) query = query.where(olderThan(after, 'created_at'));
    const { items, next } = pageByAge(await query.execute(), limit, (row) => row.created_at);
    return { items: items.map(view), next };
  },
  resendMail: async (request) => view(await resendMail(db, request)),
});

const view = (row: Selectable<MailTable>): Mail => ({
  id: row.id,
  template: row.template,
  customerId: row.customer_id,
  orderId: row.order_id,
  resendOf: row.resend_of,
  resentBy: row.resent_by,
  state: row.state,
  to: row.recipient,
  subject: row.subject,
  text: row.text,
  attempts: row.attempts,
  error: row.error,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
