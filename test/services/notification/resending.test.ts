import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { explained } from '../../../bench/studies/plans.ts';
import type { NotificationRequests, ResendMail } from '../../../activities/notification.ts';
import { connect } from '../../../platform/database/connection.ts';
import type { NotificationDatabase } from '../../../services/notification/database.ts';
import { createNotificationRequests } from '../../../services/notification/requests.ts';
import { sendNext } from '../../../services/notification/sending.ts';
import { ada, mailStage } from './test-mail-sending.ts';

const STAFF = randomUUID();

describe('resending mails', function () {
  this.timeout(120_000);
  const stage = mailStage();
  let requests: NotificationRequests;
  before(() => {
    requests = createNotificationRequests(stage.database.db);
  });

  const shipped = (orderId: string, trackingNumber = 'SB-1') => stage.queue('shipped', { orderId, trackingNumber });
  const resend = (orderId: string, difference: Partial<ResendMail> = {}) =>
    requests.resendMail({ mailId: randomUUID(), orderId, template: 'shipped', resentBy: STAFF, ...difference });
  const mailsAbout = async (orderId: string) => (await requests.listMails({ orderId, limit: 100 })).items;
  /** Makes mails older, so that the order in which they were queued is certain. */
  const age = (id: string) =>
    sql`update mails set created_at = created_at - interval '1 minute' where id = ${id}`.execute(stage.database.db);
  async function sendAll(url: string) {
    const options = stage.options(url);
    while (await sendNext(options));
  }

  it('sends the newest mail of that kind as a new one, with a row and a state of its own', async () => {
    const url = await stage.listen();
    const orderId = randomUUID();
    await age(await shipped(orderId, 'SB-OLD'));
    const newest = await shipped(orderId, 'SB-NEW');
    await stage.queue('delivered', { orderId });
    await sendAll(url);
    stage.received.length = 0;

    const mail = await resend(orderId);
    assert.notEqual(mail.id, newest);
    assert.deepEqual(
      [mail.state, mail.orderId, mail.resendOf, mail.resentBy, mail.attempts, mail.to],
      ['queued', orderId, newest, STAFF, 0, null],
    );
    await sendAll(url);
    const [received, ...others] = stage.received;
    assert.equal(others.length, 0);
    assert.deepEqual(received?.recipients, [ada.email]);
    assert.match(received.message, /SB-NEW/);
    assert.equal((await stage.mail(mail.id)).state, 'sent');
    assert.equal((await mailsAbout(orderId)).length, 4);
  });

  it('goes to the address that the customer has now', async () => {
    const url = await stage.listen();
    const orderId = randomUUID();
    await shipped(orderId);
    await sendAll(url);
    stage.user = { ...ada, email: 'ada@new.example.com' };
    await resend(orderId);
    await sendAll(url);
    assert.deepEqual(
      stage.received.map(({ recipients }) => recipients[0]),
      [ada.email, 'ada@new.example.com'],
    );
  });

  it('happens once for each request, however often it is made at once and later', async () => {
    const orderId = randomUUID();
    await shipped(orderId);
    const mailId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 8 }, () => resend(orderId, { mailId })));
    answers.push(await resend(orderId, { mailId }));
    assert.deepEqual(new Set(answers.map(({ id }) => id)), new Set([mailId]));
    assert.equal((await mailsAbout(orderId)).length, 2);
  });

  it('sends a mail again that failed, expired or was itself sent again, and tries it for three days', async () => {
    const orderId = randomUUID();
    const id = await shipped(orderId);
    await sql`
      update mails set state = 'expired', occurred_at = now() - interval '9 days', created_at = now() - interval '9 days'
       where id = ${id}`.execute(stage.database.db);
    const again = await resend(orderId);
    assert.equal(again.resendOf, id);
    // Nothing listens there: the mail waits for its next attempt, although the event is old.
    await sendNext(stage.options('smtp://127.0.0.1:9'));
    assert.equal((await stage.mail(again.id)).state, 'queued');
    assert.equal((await resend(orderId)).resendOf, again.id);
  });

  it('is refused for an order without such a mail', async () => {
    const orderId = randomUUID();
    await shipped(orderId);
    await stage.queue('welcome', {});
    const refused = { name: 'Refusal', code: 'MailNotFound' };
    await assert.rejects(resend(orderId, { template: 'delivered' }), refused);
    await assert.rejects(resend(randomUUID()), refused);
    await assert.rejects(resend(orderId, { template: 'welcome' }), refused);
    assert.equal((await mailsAbout(orderId)).length, 1);
  });

  it('finds an order’s mails page by page, newest first, and mails about no order in no order’s list', async () => {
    const orderId = randomUUID();
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      for (const id of ids) await age(id);
      ids.push(await shipped(orderId));
    }
    await stage.queue('welcome', {});
    const first = await requests.listMails({ orderId, limit: 2 });
    const second = await requests.listMails({ orderId, limit: 2, after: first.next! });
    assert.deepEqual(
      [...first.items, ...second.items].map(({ id }) => id),
      ids.toReversed(),
    );
    assert.equal(second.next, null);
    const { items } = await requests.listMails({ limit: 20 });
    assert.deepEqual(
      items.filter((mail) => mail.orderId === null).map(({ template }) => template),
      ['welcome'],
    );
  });

  it('reads the mails of one order, and no others', async () => {
    const owner = connect<unknown>(stage.database.ownerUrl, 1, 0);
    await sql`
      insert into mails (id, template, customer_id, data, state, occurred_at, created_at)
      select gen_random_uuid(), 'shipped', ${ada.id}::uuid,
             jsonb_build_object('orderId', md5('order ' || number / 4)::uuid), 'sent', now(),
             date_trunc('milliseconds', now()) - make_interval(secs => number)
        from generate_series(1, 10000) as number`.execute(owner);
    await sql`vacuum analyze mails`.execute(owner);
    const { rows } = await sql<{ order_id: string }>`select order_id from mails limit 1`.execute(owner);
    await owner.destroy();
    const orderId = rows[0]!.order_id;
    for (const state of [undefined, 'sent', 'failed'] as const) {
      const plans = await explained(stage.database.db, (db: Kysely<NotificationDatabase>) =>
        createNotificationRequests(db).listMails({ orderId, limit: 20, ...(state && { state }) }),
      );
      for (const { plan } of plans) {
        const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
        assert.ok(blocks <= 20, `${blocks} blocks for ${JSON.stringify(plan, undefined, 1)}`);
      }
    }
  });
});
