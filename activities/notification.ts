import { z } from 'zod';
import { type Implementation, type RefusalOf, operation, pageOf } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';

export const MailTemplate = z.enum([
  'welcome',
  'confirm-payment',
  'payment-released',
  'confirmed',
  'rejected',
  'shipped',
  'delivered',
  'canceled',
  'changed',
  'payment-method-required',
  'parcel-delayed',
  'parcel-late',
  'parcel-lost',
  'parcel-returned-to-sender',
  'refunded',
  'cart-reminder',
  'password-reset',
  'email-verification',
]);
export type MailTemplate = z.infer<typeof MailTemplate>;

/**
 * `sending`: being handed to the mail server. `kept`: no mail server is set, so the mail is only in the mailbox.
 * `failed`: the mail server refused it, or the customer does not exist. `unknown`: the connection or the process was lost
 * while sending; the mail may have arrived and is not sent again. `expired`: the event was too old when the mail could
 * have been sent. `skipped`: the customer has no e-mail address, for example because an external issuer did not provide one.
 */
export const MailState = z.enum(['queued', 'sending', 'sent', 'kept', 'failed', 'unknown', 'expired', 'skipped']);
export type MailState = z.infer<typeof MailState>;

/**
 * An e-mail about one event. Its id is the event's, so that there is at most one mail per event; apart from those that
 * staff had sent again, which have ids of their own.
 */
export const Mail = z.object({
  id: z.uuid(),
  template: MailTemplate,
  customerId: z.uuid(),
  /** The order that it is about; null for mails about accounts and carts. */
  orderId: z.uuid().nullable().default(null),
  /** The mail that this one repeats, and who wanted it; null for the first one about an event. */
  resendOf: z.uuid().nullable().default(null),
  resentBy: z.string().nullable().default(null),
  state: MailState,
  /** Null, like `subject` and `text`, until the first attempt to send. */
  to: z.string().nullable(),
  subject: z.string().nullable(),
  /** Without a link that only the recipient may use. */
  text: z.string().nullable(),
  attempts: z.int(),
  /** Why the mail was not sent, or the last attempt failed. */
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Mail = z.infer<typeof Mail>;

export const ListMails = z.strictObject({
  state: MailState.optional(),
  orderId: z.uuid().optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListMails = z.infer<typeof ListMails>;

export const ResendMail = z.strictObject({
  /** Identifies the request; becomes the new mail's id. */
  mailId: z.uuid(),
  orderId: z.uuid(),
  template: MailTemplate,
  /** The id of the person who wants it. */
  resentBy: z.string(),
});
export type ResendMail = z.infer<typeof ResendMail>;

/** What the notification service's HTTP API offers. Implemented in services/notification/. */
export const notificationRequests = {
  /** The mails, in this state and about this order if given, newest first. Refuses `BadCursor`. */
  listMails: operation({ request: ListMails, response: pageOf(Mail), refuses: ['BadCursor'] }),
  /**
   * Sends the newest mail of this kind about the order again, whatever its state, as a new mail to the customer's current
   * address. A repeat sends nothing and returns the new mail as it is now. Refuses `MailNotFound`.
   */
  resendMail: operation({ request: ResendMail, response: Mail, refuses: ['MailNotFound'] }),
};
export type NotificationRequests = Implementation<typeof notificationRequests>;

export type NotificationRefusal = RefusalOf<typeof notificationRequests>;
export const notificationRefusal = refusalFor<NotificationRefusal>();
