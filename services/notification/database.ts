import type { ColumnType, Generated } from 'kysely';
import type { MailState, MailTemplate } from '../../activities/notification.ts';
import type { InboxDatabase } from '../../platform/events/inbox.ts';

/** One mail; `id` is the id of the event that it is about. */
export interface MailTable {
  id: string;
  template: MailTemplate;
  customer_id: string;
  /** The event's data. */
  data: ColumnType<unknown, string, never>;
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
