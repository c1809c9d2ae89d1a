import { type Kysely, type Selectable, sql } from 'kysely';
import { type ResendMail, notificationRefusal } from '../../activities/notification.ts';
import type { MailTable, NotificationDatabase } from './database.ts';

type MailRow = Selectable<MailTable>;

/**
 * Queues the newest mail of this kind about the order once more, as a new mail, to the customer's current address. The
 * request's id is the new mail's, so that a repeat finds it.
 */
export async function resendMail(db: Kysely<NotificationDatabase>, request: ResendMail): Promise<MailRow> {
  const queued = await queueAgain(db, request);
  const mail = queued ?? (await db.selectFrom('mails').selectAll().where('id', '=', request.mailId).executeTakeFirst());
  if (mail) return mail;
  const { orderId, template } = request;
  throw notificationRefusal('MailNotFound', `there is no mail ${template} about order ${orderId}`);
}

/** Returns the new mail; undefined if there is nothing to send again, or if this request has queued it before. */
const queueAgain = (
  db: Kysely<NotificationDatabase>,
  { mailId, orderId, template, resentBy }: ResendMail,
): Promise<MailRow | undefined> =>
  db
    .insertInto('mails')
    .columns(['id', 'template', 'customer_id', 'data', 'state', 'occurred_at', 'resend_of', 'resent_by'])
    .expression((builder) =>
      builder
        .selectFrom('mails')
        .select([
          sql<string>`${mailId}::uuid`.as('id'),
          'template',
          'customer_id',
          'data',
          sql<'queued'>`'queued'`.as('state'),
          // Its retries end three days after the request, however old the event is.
          sql<Date>`now()`.as('occurred_at'),
          'id as resend_of',
          sql<string>`${resentBy}`.as('resent_by'),
        ])
        .where('order_id', '=', orderId)
        .where('template', '=', template)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(1),
    )
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
