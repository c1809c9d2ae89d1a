import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { MailState, MailTemplate } from '../../activities/notification.ts';
import type { InboxDatabase } from '../../platform/events/inbox.ts';

/** One mail; `id` is the id of the event that it is about, or of the request to send another mail again. */
export interface MailTable {
  id: string;
  template: MailTemplate;
  customer_id: string;
  /** The event's data. */
  data: ColumnType<unknown, string, never>;
  /** The order that the mail is about, from the event's data; null for mails about accounts and carts. */
  order_id: GeneratedAlways<string | null>;
  /** The mail that was sent again; null for the first one about an event. */
  resend_of: ColumnType<string | null, string | null | undefined, never>;
  resent_by: ColumnType<string | null, string | null | undefined, never>;
  state: MailState;
  recipient: string | null;
  subject: string | null;
  text: string | null;
  attempts: Generated<number>;
  error: string | null;
  occurred_at: Date | string;
  next_attempt_at: Generated<Date>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface NotificationDatabase extends InboxDatabase {
  mails: MailTable;
}
