import type { Selectable } from 'kysely';
import type { MailTemplate } from '../../activities/notification.ts';
import type { UserRequests } from '../../activities/user.ts';
import type { MailTable } from './database.ts';

/** The shop's page for the link of each mail that has one. */
const PAGES: Readonly<Partial<Record<MailTemplate, string>>> = {
  'password-reset': 'password-reset',
  'email-verification': 'email-verification',
};

/** A mail's link, made for this attempt to send it. */
export interface SecretLink {
  url: string;
  expiresAt: string;
}

interface LinkOptions {
  users: Pick<UserRequests, 'issueLink' | 'issueGuestLink'>;
  shopUrl: string;
}

/**
 * The secret link of a mail; undefined for mails without one. The token is in the fragment: browsers send that neither to
 * the shop's web server, which would log it, nor to other sites as the referrer.
 */
export async function linkOf(
  { template, data }: Pick<Selectable<MailTable>, 'template' | 'data'>,
  { users, shopUrl }: LinkOptions,
): Promise<SecretLink | undefined> {
  const page = PAGES[template];
  if (page === undefined) return undefined;
  const { token, expiresAt } = await users.issueLink({ linkId: (data as { linkId: string }).linkId });
  return { url: pageOf(shopUrl, page, token), expiresAt };
}

/** The secret link to an order of a guest, who cannot sign in; undefined for mails about something else. */
export async function orderLinkOf(
  { id, customer_id: guestId, order_id: orderId }: Pick<Selectable<MailTable>, 'id' | 'customer_id' | 'order_id'>,
  { users, shopUrl }: LinkOptions,
): Promise<SecretLink | undefined> {
  if (orderId === null) return undefined;
  const { token, expiresAt } = await users.issueGuestLink({ guestId, linkId: id });
  return { url: pageOf(shopUrl, `guest-orders/${orderId}`, token), expiresAt };
}

const pageOf = (shopUrl: string, page: string, token: string) => `${shopUrl.replace(/\/+$/, '')}/${page}#${token}`;
