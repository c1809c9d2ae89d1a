import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import winston from 'winston';
import { userEvents } from '../../../activities/user.ts';
import { localMailbox } from '../../../services/notification/mail-transport.ts';
import { sendNext } from '../../../services/notification/sending.ts';
import { subscriptions } from '../../../services/notification/subscriptions.ts';
import { GUEST_LINK, LINK, ada, mailStage } from './test-mail-sending.ts';

describe('mails with a link that only their recipient may use', function () {
  this.timeout(60_000);
  const stage = mailStage();
  const { queue, mail, listen, options } = stage;

  for (const [template, subject, page] of [
    ['password-reset', 'Set a new password', 'password-reset'],
    ['email-verification', 'Please confirm your e-mail address', 'email-verification'],
  ] as const) {
    it(`have it, and the mailbox that staff read has not: ${template}`, async () => {
      const url = await listen();
      const id = await queue(template, { linkId: LINK.id });
      await sendNext(options(url));
      const [{ message } = assert.fail('no mail')] = stage.received;
      const sent = message.replaceAll('=\r\n', '').replaceAll('=3D', '=');
      assert.ok(sent.includes(`https://shop.example/uk/${page}#${LINK.token}`), sent);
      assert.match(sent, /until 14:05 UTC on 3 May 2026/);
      const row = await mail(id);
      assert.deepEqual([row.state, row.subject], ['sent', subject]);
      assert.match(row.text!, /: \[link\]\n/);
      assert.ok(!JSON.stringify(row).includes(LINK.token));
    });
  }

  it('are not sent once the link has expired', async () => {
    const url = await listen();
    const id = await queue('password-reset', { linkId: randomUUID() });
    await sendNext(options(url));
    assert.deepEqual([(await mail(id)).state, stage.received.length], ['failed', 0]);
  });

  it('show the link in the log where no mail server is set, and only there', async () => {
    const logged: Record<string, unknown>[] = [];
    const stream = new Writable({
      objectMode: true,
      write(entry: Record<string, unknown>, _encoding, done) {
        logged.push(entry);
        done();
      },
    });
    const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] });
    const id = await queue('password-reset', { linkId: LINK.id });
    await sendNext({ ...options('smtp://127.0.0.1:1'), transport: localMailbox, logger });
    assert.deepEqual(
      logged.map(({ url }) => url),
      [`https://shop.example/uk/password-reset#${LINK.token}`],
    );
    assert.equal((await mail(id)).state, 'kept');
    const url = await listen();
    await queue('password-reset', { linkId: LINK.id });
    await sendNext({ ...options(url), logger });
    assert.equal(logged.length, 1);
  });

  describe('for guests', () => {
    const orderId = randomUUID();
    beforeEach(() => {
      stage.user = { ...ada, isGuest: true };
    });
    const confirmed = {
      orderId,
      number: '10042',
      total: { amountMinor: 1_250, currency: 'GBP' },
      lines: [{ sku: 'TEA', quantity: 1 }],
    };

    it('lead to the order for as long as they say, and the mailbox has none', async () => {
      const url = await listen();
      const id = await queue('confirmed', confirmed);
      await sendNext(options(url));
      const [{ message } = assert.fail('no mail')] = stage.received;
      const sent = message.replaceAll('=\r\n', '').replaceAll('=3D', '=');
      assert.ok(sent.includes(`https://shop.example/uk/guest-orders/${orderId}#${GUEST_LINK.token}_${id}`), sent);
      assert.match(sent, /works until 14:05 UTC on 1 August 2026/);
      const row = await mail(id);
      assert.equal(row.state, 'sent');
      assert.match(row.text!, /Your order is here: \[link\]\n/);
      assert.ok(!JSON.stringify(row).includes(GUEST_LINK.token));
    });

    it('leave the bank’s page in the mail as it is', async () => {
      const url = await listen();
      const bank = 'https://bank.example/confirm';
      const data = { orderId, url: bank, expiresAt: '2026-05-03T14:05:00.000Z' };
      const id = await queue('confirm-payment', data);
      await sendNext(options(url));
      const { text } = await mail(id);
      assert.ok(text!.includes(bank));
      assert.match(text!, /Your order is here: \[link\]\n/);
    });

    it('are in no mail to somebody with an account', async () => {
      stage.user = ada;
      const url = await listen();
      const id = await queue('confirmed', confirmed);
      await sendNext(options(url));
      assert.doesNotMatch((await mail(id)).text!, /link|guest-orders/);
    });

    it('are not sent for anything but orders: anybody can type any address', async () => {
      const url = await listen();
      for (const template of ['cart-reminder', 'welcome'] as const) {
        const id = await queue(template, { lines: [] });
        await sendNext(options(url));
        const { state, error } = await mail(id);
        assert.deepEqual([state, error], ['skipped', 'guests get mails about orders only']);
      }
      assert.equal(stage.received.length, 0);
    });
  });

  it('follow the user service’s events, which have no link', async () => {
    const handlers = subscriptions.find(({ publisher }) => publisher === 'user')!.handlers;
    for (const type of ['user.password_reset_requested', 'user.email_verification_requested'] as const) {
      const data = userEvents[type].parse({ userId: ada.id, linkId: LINK.id });
      const event = { id: randomUUID(), time: new Date().toISOString(), data };
      await stage.database.db
        .transaction()
        .execute((transaction) => handlers[type]!(event as never, transaction as never));
      const { template, customer_id: customerId, data: kept } = await mail(event.id);
      assert.equal(template, type === 'user.password_reset_requested' ? 'password-reset' : 'email-verification');
      assert.equal(customerId, ada.id);
      assert.deepEqual(kept, { customerId: ada.id, linkId: LINK.id });
    }
  });
});
