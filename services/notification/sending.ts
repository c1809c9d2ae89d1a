import { type Kysely, type Selectable, sql } from 'kysely';
import type { ProductRequests } from '../../activities/product.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type Background, keepDoing } from '../../platform/background.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { MailTable, NotificationDatabase } from './database.ts';
import type { MailTransport, SendResult } from './mail-transport.ts';
import { type SecretLink, linkOf, orderLinkOf } from './mail-link.ts';
import { namesOfProductsIn } from './product-names.ts';
import { render } from './templates/index.ts';
import type { ProductNames } from './templates/layout.ts';

export interface SendingOptions {
  db: Kysely<NotificationDatabase>;
  users: Pick<UserRequests, 'getContact' | 'issueLink' | 'issueGuestLink'>;
  products: Pick<ProductRequests, 'getProducts'>;
  transport: MailTransport;
  /** Where links in mails lead to. */
  shopUrl: string;
  logger: Logger;
}

type MailRow = Selectable<MailTable>;

// The delay that polling adds to a mail at most.
const POLL_INTERVAL_MS = 250;
// Longer than the timeouts let a hand-over take: a process whose claim is older has died.
const CLAIM_SECONDS = 120;
// Retries after a second up to ten minutes, for three days: an outage of the mail server may last that long.
const LONGEST_DELAY_SECONDS = 600;
const GIVE_UP_AFTER_DAYS = 3;

/** Sends queued mails one by one until it is closed. Safe to run in several processes at once. */
export const keepSending = (options: SendingOptions): Background =>
  keepDoing(() => sendNext(options), {
    pauseMs: POLL_INTERVAL_MS,
    failing: 'could not send mail',
    logger: options.logger,
  });

/** Sends the next queued mail; returns whether there was one. */
export async function sendNext(options: SendingOptions): Promise<boolean> {
  const { db } = options;
  await abandonExpiredClaims(db);
  // Committed before the mail is sent: after a crash the claim remains, so the mail is never sent twice.
  const mail = await claim(db);
  if (!mail) return false;
  await saveOutcome(db, mail, await handOver(mail, options));
  return true;
}

type Outcome = SendResult | { outcome: 'skipped'; error: string };

async function handOver(mail: MailRow, options: SendingOptions): Promise<Outcome> {
  const { db, users, products, transport, logger } = options;
  try {
    // The current address, from the user service: a copy here could be outdated and would have to be deleted.
    const { email, name, isGuest } = await users.getContact({ customerId: mail.customer_id });
    // Anybody can type any address; only an order is reason enough for a mail to it.
    if (isGuest && mail.order_id === null) return { outcome: 'skipped', error: 'guests get mails about orders only' };
    if (isReservedAddress(email)) return { outcome: 'skipped', error: `no mail can be delivered to ${email}` };
    const productNames = await namesOfProductsIn(mail.data, products);
    const link = await linkOf(mail, options);
    const orderLink = isGuest ? await orderLinkOf(mail, options) : undefined;
    const rendered = renderWith(mail, { name, productNames, link, orderLink });
    // All staff can read the mailbox, and anybody with the link can use it.
    const { text } = renderWith(mail, { name, productNames, link: hidden(link), orderLink: hidden(orderLink) });
    await db
      .updateTable('mails')
      .set({ recipient: email, subject: rendered.subject, text })
      .where('id', '=', mail.id)
      .execute();
    const result = await transport.send({ ...rendered, to: { name, address: email } });
    // Without a mail server there is no other way to the link.
    const { url } = link ?? orderLink ?? {};
    if (url !== undefined && result.outcome === 'kept')
      logger.info('link of a mail that no mail server delivers', { url, customerId: mail.customer_id });
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { outcome: error instanceof Refusal ? 'refused' : 'notSent', error: storableText(message.slice(0, 1000)) };
  }
}

interface Rendering {
  name: string;
  productNames: ProductNames;
  link: SecretLink | undefined;
  orderLink: SecretLink | undefined;
}

const renderWith = ({ template, data }: MailRow, { link, ...rendering }: Rendering) =>
  render(template, { ...(data as object), ...link }, rendering);

const hidden = (link: SecretLink | undefined): SecretLink | undefined => link && { ...link, url: '[link]' };

/** RFC 6761 section 6.4 reserves `.invalid`. Here it stands for an unknown address. */
const isReservedAddress = (email: string): boolean => /[@.]invalid\.?$/i.test(email);

const claim = (db: Kysely<NotificationDatabase>): Promise<MailRow | undefined> =>
  db
    .updateTable('mails')
    .set({
      state: 'sending',
      attempts: sql`attempts + 1`,
      updated_at: sql`now()`,
      next_attempt_at: sql<Date>`now() + make_interval(secs => ${CLAIM_SECONDS})`,
    })
    .where(
      'id',
      '=',
      db
        .selectFrom('mails')
        .select('id')
        .where('state', '=', 'queued')
        .where('next_attempt_at', '<=', sql<Date>`now()`)
        .orderBy('next_attempt_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();

/** The process that was sending these mails died: it is unknown whether they were sent. */
async function abandonExpiredClaims(db: Kysely<NotificationDatabase>): Promise<void> {
  await db
    .updateTable('mails')
    .set({ state: 'unknown', error: 'the process ended while it was sending this mail', updated_at: sql`now()` })
    .where('state', '=', 'sending')
    .where('next_attempt_at', '<', sql<Date>`now()`)
    .execute();
}

async function saveOutcome(db: Kysely<NotificationDatabase>, mail: MailRow, result: Outcome): Promise<void> {
  const delay = Math.min(2 ** (mail.attempts - 1), LONGEST_DELAY_SECONDS) * (0.5 + Math.random());
  const tooLate = sql<boolean>`occurred_at < now() - make_interval(days => ${GIVE_UP_AFTER_DAYS})`;
  const state = {
    sent: sql<MailRow['state']>`'sent'`,
    kept: sql<MailRow['state']>`'kept'`,
    refused: sql<MailRow['state']>`'failed'`,
    unknown: sql<MailRow['state']>`'unknown'`,
    skipped: sql<MailRow['state']>`'skipped'`,
    notSent: sql<MailRow['state']>`case when ${tooLate} then 'failed' else 'queued' end`,
  }[result.outcome];
  await db
    .updateTable('mails')
    .set({
      state,
      error: 'error' in result ? result.error : null,
      updated_at: sql`now()`,
      next_attempt_at: sql<Date>`now() + make_interval(secs => ${delay})`,
    })
    .where('id', '=', mail.id)
    .where('state', '=', 'sending')
    .execute();
}
