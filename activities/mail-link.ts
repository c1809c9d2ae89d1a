import { z } from 'zod';
import { Email } from './email.ts';
import { type Implementation, operation } from '../platform/contract/operation.ts';

/**
 * A link in an e-mail that shows that its holder receives mail at an address. It has a secret token, works once and
 * expires: after an hour if it resets a password, after a day if it verifies the address.
 *
 * The token is made when the notification service writes the mail (`issueLink`), and only its digest is stored. Events
 * carry the id of the link instead: they are kept for a month, and every subscriber and backup has a copy of them.
 */
export const MailLink = z.object({
  token: z.string(),
  expiresAt: z.iso.datetime(),
});
export type MailLink = z.infer<typeof MailLink>;

export const LinkToken = z.string().min(1).max(200);
export const RequestPasswordReset = z.strictObject({ email: Email });
export type RequestPasswordReset = z.infer<typeof RequestPasswordReset>;
export const ResetPassword = z.strictObject({ token: LinkToken, password: z.string().min(8).max(128) });
export type ResetPassword = z.infer<typeof ResetPassword>;
export const RequestEmailVerification = z.strictObject({ userId: z.string() });
export type RequestEmailVerification = z.infer<typeof RequestEmailVerification>;
export const VerifyEmail = z.strictObject({ token: LinkToken });
export type VerifyEmail = z.infer<typeof VerifyEmail>;
export const LinkRef = z.strictObject({ linkId: z.uuid() });
export type LinkRef = z.infer<typeof LinkRef>;

/** Links in e-mails: part of what the user service's HTTP API offers. */
export const linkRequests = {
  /**
   * Notes that somebody asks to reset the password of the account with this address. Returns in the same time whether or
   * not there is one: it is looked up later. Publishes `user.password_reset_requested` then, for an active account with
   * a password and at most three times an hour.
   */
  requestPasswordReset: operation({ request: RequestPasswordReset, repeatable: false }),
  /**
   * Sets the password, ends all the user's sessions and marks the e-mail address as verified. Refuses `LinkNotFound`, also
   * for a token that was used, has expired or was replaced.
   */
  resetPassword: operation({ request: ResetPassword, repeatable: false, refuses: ['LinkNotFound'] }),
  /**
   * Publishes `user.email_verification_requested`, at most three times a day; nothing if the address is verified.
   * Refuses `UserNotFound`.
   */
  requestEmailVerification: operation({
    request: RequestEmailVerification,
    repeatable: false,
    refuses: ['UserNotFound'],
  }),
  /**
   * Marks the e-mail address as verified and publishes `user.updated`. The orders placed with it by guests move to the user
   * soon after, see `guest.claimed`. Refuses `LinkNotFound`, as resetPassword does.
   */
  verifyEmail: operation({ request: VerifyEmail, repeatable: false, refuses: ['LinkNotFound'] }),
  /**
   * Makes the token of a link, for the mail that is being written. A repeat makes another token, and the one before is
   * not valid any more: its mail was not sent. Refuses `LinkNotFound`, also for a link that was used or has expired.
   */
  issueLink: operation({ request: LinkRef, response: MailLink, refuses: ['LinkNotFound'] }),
};
export type LinkRequests = Implementation<typeof linkRequests>;
