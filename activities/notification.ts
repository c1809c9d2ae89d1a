import { z } from 'zod';
import { type Implementation, operation, pageOf } from '../platform/contract/operation.ts';

export const MailTemplate = z.enum([
  'welcome',
  'confirmed',
  'rejected',
  'shipped',
  'delivered',
  'canceled',
  'refunded',
  'cart-reminder',
]);
export type MailTemplate = z.infer<typeof MailTemplate>;

/**
 * `sending`: handed to the mail server at this moment. `failed`: it said no, or there is nobody to send to.
 * `unknown`: the connection or our process broke in the middle; it may have arrived and is not sent again.
 * `expired`: the news was too old to be told when it could have been. `skipped`: the customer has no address that
 * anybody knows, as somebody whom another issuer signed in without one.
 */
export const MailState = z.enum(['queued', 'sending', 'sent', 'failed', 'unknown', 'expired', 'skipped']);
export type MailState = z.infer<typeof MailState>;

/** One e-mail, named by the event it tells of: there is never a second one for it. */
export const Mail = z.object({
  id: z.uuid(),
  template: MailTemplate,
  customerId: z.uuid(),
  state: MailState,
  /** Null until it was first tried to be sent. */
  to: z.string().nullable(),
  subject: z.string().nullable(),
  text: z.string().nullable(),
  attempts: z.int(),
  /** Why it was not sent, or not yet. */
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Mail = z.infer<typeof Mail>;

export const ListMails = z.strictObject({
  state: MailState.optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListMails = z.infer<typeof ListMails>;

/** What the notification service can be asked at its door. Implemented in services/notification/. */
export const notificationRequests = {
  /** Newest first. Refuses `BadCursor`. */
  listMails: operation({ request: ListMails, response: pageOf(Mail) }),
};
export type NotificationRequests = Implementation<typeof notificationRequests>;
