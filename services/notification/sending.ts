import { type Kysely, type Selectable, sql } from 'kysely';
import type { UserRequests } from '../../activities/user.ts';
import { type Background, keepDoing } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { MailTable, NotificationDatabase } from './database.ts';
import type { Fate, Post } from './post.ts';
import { render } from './templates/index.ts';

export interface SendingOptions {
  db: Kysely<NotificationDatabase>;
  users: Pick<UserRequests, 'getUser'>;
  post: Post;
  logger: Logger;
}

type MailRow = Selectable<MailTable>;

// A mail may be this late, by its share of patience; a quarter of a second is soon enough for a letter.
const LOOK_EVERY_MS = 250;
// Longer than handing over can take by its time-outs: whoever claimed it is dead.
const CLAIM_SECONDS = 120;
// From a second to ten minutes, for three days: so long a mail server may be away.
const LONGEST_DELAY_SECONDS = 600;
const GIVE_UP_AFTER_DAYS = 3;

/** Sends what is queued, one after the other, until it is closed. Safe in any number of processes at once. */
export const keepSending = (options: SendingOptions): Background =>
  keepDoing(() => sendNext(options), { pauseMs: LOOK_EVERY_MS, failing: 'mail not sent', logger: options.logger });

/** Whether there was one to send. */
export async function sendNext(options: SendingOptions): Promise<boolean> {
  const { db } = options;
  await giveUpClaims(db);
  // Marked before it is sent, and kept: a crash from here on leaves the mark, and never a second mail.
  const mail = await claim(db);
  if (!mail) return false;
  await settle(db, mail, await handOver(mail, options));
  return true;
}

type Handled = Fate | { outcome: 'skipped'; error: string };

async function handOver(mail: MailRow, { db, users, post }: SendingOptions): Promise<Handled> {
  try {
    // The address as it is now, from who keeps it: no copy of it can be out of date here, or has to be forgotten.
    const { email, name } = await users.getUser({ userId: mail.customer_id });
    if (isNobodys(email)) return { outcome: 'skipped', error: `nobody can have the address ${email}` };
    const letter = render(mail.template, mail.data, name);
    await db
      .updateTable('mails')
      .set({ recipient: email, subject: letter.subject, text: letter.text })
      .where('id', '=', mail.id)
      .execute();
    return await post.send({ ...letter, to: { name, address: email } });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { outcome: error instanceof Refusal ? 'refused' : 'notSent', error: words.slice(0, 1000) };
  }
}

/** RFC 6761 section 6.4: no mail can be delivered there; it stands for an address that is not known. */
const isNobodys = (email: string): boolean => /[@.]invalid\.?$/i.test(email);

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

/** Whoever was sending these ended in the middle: nobody can say whether they went out. */
async function giveUpClaims(db: Kysely<NotificationDatabase>): Promise<void> {
  await db
    .updateTable('mails')
    .set({ state: 'unknown', error: 'the process ended while it was sending this', updated_at: sql`now()` })
    .where('state', '=', 'sending')
    .where('next_attempt_at', '<', sql<Date>`now()`)
    .execute();
}

async function settle(db: Kysely<NotificationDatabase>, mail: MailRow, fate: Handled): Promise<void> {
  const delay = Math.min(2 ** (mail.attempts - 1), LONGEST_DELAY_SECONDS) * (0.5 + Math.random());
  const tooLate = sql<boolean>`occurred_at < now() - make_interval(days => ${GIVE_UP_AFTER_DAYS})`;
  const state = {
    sent: sql<MailRow['state']>`'sent'`,
    refused: sql<MailRow['state']>`'failed'`,
    unknown: sql<MailRow['state']>`'unknown'`,
    skipped: sql<MailRow['state']>`'skipped'`,
    notSent: sql<MailRow['state']>`case when ${tooLate} then 'failed' else 'queued' end`,
  }[fate.outcome];
  await db
    .updateTable('mails')
    .set({
      state,
      error: fate.outcome === 'sent' ? null : fate.error,
      updated_at: sql`now()`,
      next_attempt_at: sql<Date>`now() + make_interval(secs => ${delay})`,
    })
    .where('id', '=', mail.id)
    .where('state', '=', 'sending')
    .execute();
}
