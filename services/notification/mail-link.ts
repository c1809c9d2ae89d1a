import type { Selectable } from 'kysely';
import type { MailTemplate } from '../../activities/notification.ts';
import type { UserRequests } from '../../activities/user.ts';
import type { MailTable } from './database.ts';

/** The shop's page for the link of each mail that has one. */
const PAGES: Readonly<Partial<Record<MailTemplate, string>>> = {
  'password-reset': 'password-reset',
  'email-verification': 'email-verification',
};

/**
 * The secret link of a mail, made for this attempt to send it; undefined for mails without one. The token is in the
 * fragment: browsers send that neither to the shop's web server, which would log it, nor to other sites as the referrer.
 */
export async function linkOf(
  { template, data }: Pick<Selectable<MailTable>, 'template' | 'data'>,
  { users, shopUrl }: { users: Pick<UserRequests, 'issueLink'>; shopUrl: string },
): Promise<{ url: string; expiresAt: string } | undefined> {
  const page = PAGES[template];
  if (page === undefined) return undefined;
  const { token, expiresAt } = await users.issueLink({ linkId: (data as { linkId: string }).linkId });
  return { url: `${shopUrl.replace(/\/+$/, '')}/${page}#${token}`, expiresAt };
}
