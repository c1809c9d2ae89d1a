import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import winston from 'winston';
import type { MailTemplate } from '../../../activities/notification.ts';
import type { User } from '../../../activities/user.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { freePort } from '../../stage/free-ports.ts';
import type { NotificationDatabase } from '../../../services/notification/database.ts';
import { localMailbox } from '../../../services/notification/mail-transport.ts';
import { keepSending, sendNext } from '../../../services/notification/sending.ts';
import { createSmtpTransport } from '../../../services/notification/smtp-transport.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { eventually } from '../../stage/eventually.ts';

const FROM = 'Your shop <shop@example.com>';
const orderId = randomUUID();
const total = { amountMinor: 1250, currency: 'GBP' };

describe('sending mail', function () {
  this.timeout(60_000);
  let database: FreshDatabase<NotificationDatabase>;
  let db: Kysely<NotificationDatabase>;
  let server: SMTPServer | undefined;
  let received: { recipients: string[]; message: string }[];
  const ada: User = {
    id: randomUUID(),
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    role: 'customer',
    shippingAddress: null,
    version: 1,
    createdAt: new Date().toISOString(),
  };
  let user: User;
  const users = {
    getUser: async ({ userId }: { userId: string }) => {
      if (userId !== user.id) throw new Refusal('UserNotFound', 'there is no such user');
      return user;
    },
  };

  before(async () => {
    database = await freshDatabase<NotificationDatabase>('notification');
    db = database.db;
  });
  beforeEach(async () => {
    user = ada;
    received = [];
    await db.deleteFrom('mails').execute();
  });
  afterEach(async () => {
    if (server) await new Promise<void>((resolve) => server!.close(resolve));
    server = undefined;
  });
  after(() => database.drop());

  async function queue(template: MailTemplate, data: object, customerId = ada.id): Promise<string> {
    const id = randomUUID();
    const row = { id, template, customer_id: customerId, data: JSON.stringify(data), state: 'queued' as const };
    await db
      .insertInto('mails')
      .values({ ...row, recipient: null, subject: null, text: null, error: null, occurred_at: new Date() })
      .execute();
    return id;
  }
  /** Starts a mail server, whose faults `options` sets; returns its URL. */
  async function listen(options: SMTPServerOptions = {}, port = 0): Promise<string> {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, callback) {
        let message = '';
        stream.on('data', (chunk: Buffer) => (message += chunk.toString()));
        stream.on('end', () => {
          received.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), message });
          callback();
        });
      },
      ...options,
    });
    server.on('error', () => undefined);
    const listening = server.listen(port, '127.0.0.1');
    await once(listening, 'listening');
    return `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }
  const options = (url: string) => ({
    db,
    users,
    transport: createSmtpTransport(url, FROM),
    logger: winston.createLogger({ silent: true }),
  });
  const mail = (id: string) => db.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const makeDue = () =>
    db
      .updateTable('mails')
      .set({ next_attempt_at: sql`now()` })
      .where('state', '=', 'queued')
      .execute();

  it('sends a mail once, as text and as HTML, to the customer’s current address', async () => {
    const url = await listen();
    const id = await queue('confirmed', { orderId, total, lines: [{ sku: 'TEA', quantity: 6 }] });
    assert.equal(await sendNext(options(url)), true);
    assert.equal(await sendNext(options(url)), false);
    assert.equal(received.length, 1);
    const [{ recipients, message }] = received as [(typeof received)[0]];
    assert.deepEqual(recipients, ['ada@example.com']);
    assert.match(message, /^From: Your shop <shop@example.com>\r$/m);
    assert.match(message, /^To: Ada Lovelace <ada@example.com>\r$/m);
    assert.match(message, /text\/plain[^]*6 .* TEA[^]*text\/html[^]*<li>6 .* TEA<\/li>/);
    const { state, recipient, subject, text, attempts } = await mail(id);
    assert.deepEqual(
      [state, recipient, subject, attempts],
      ['sent', 'ada@example.com', 'Your order is confirmed: £12.50', 1],
    );
    assert.match(text!, new RegExp(`Hello Ada Lovelace,\\n\\nThank you for your order ${orderId}`));
  });

  it('retries while the mail server is unreachable, and shows the error', async () => {
    const port = await freePort();
    const url = `smtp://127.0.0.1:${port}`;
    const id = await queue('welcome', {});
    for (const attempts of [1, 2]) {
      await makeDue();
      await sendNext(options(url));
      const { state, error, ...row } = await mail(id);
      assert.deepEqual([state, row.attempts], ['queued', attempts]);
      assert.match(error!, /ECONNREFUSED/);
    }
    await listen({}, port);
    await makeDue();
    await sendNext(options(url));
    assert.deepEqual([(await mail(id)).state, received.length], ['sent', 1]);
  });

  it('never sends a mail again if the connection broke during transmission', async () => {
    const url = await listen({
      onData(stream, session) {
        stream.on('data', () => undefined);
        stream.on('end', () => {
          received.push({ recipients: [], message: '' });
          // Breaks the connection before the reply.
          for (const connection of (
            server as unknown as { connections: Set<{ id: string; _socket: { destroy(): void } }> }
          ).connections) {
            if (connection.id === session.id) connection._socket.destroy();
          }
        });
      },
    });
    const id = await queue('welcome', {});
    await sendNext(options(url));
    await makeDue();
    assert.equal(await sendNext(options(url)), false);
    assert.deepEqual([(await mail(id)).state, received.length], ['unknown', 1]);
  });

  it('retries after a temporary rejection, and fails after a permanent one', async () => {
    const replies = [451, 550];
    const url = await listen({
      onRcptTo(_address, _session, callback) {
        const responseCode = replies.shift();
        callback(responseCode ? Object.assign(new Error('no'), { responseCode }) : null);
      },
    });
    const id = await queue('welcome', {});
    await sendNext(options(url));
    assert.equal((await mail(id)).state, 'queued');
    await makeDue();
    await sendNext(options(url));
    assert.equal((await mail(id)).state, 'failed');
    assert.match((await mail(id)).error!, /550/);
    assert.deepEqual(received, []);
  });

  it('stores an error with characters that PostgreSQL does not accept', async () => {
    const id = await queue('welcome', {});
    await sendNext({ ...options(''), users: { getUser: () => Promise.reject(new Error('no\0')) } });
    const { state, error } = await mail(id);
    assert.deepEqual([state, error], ['queued', 'no\uFFFD']);
  });

  it('marks as unknown a mail that a process was sending when it died', async () => {
    const id = await queue('welcome', {});
    await db
      .updateTable('mails')
      .set({ state: 'sending', next_attempt_at: sql`now() - interval '1 second'` })
      .where('id', '=', id)
      .execute();
    const url = await listen();
    assert.equal(await sendNext(options(url)), false);
    assert.deepEqual([(await mail(id)).state, received.length], ['unknown', 0]);
  });

  it('sends each mail once, even with several senders', async () => {
    const url = await listen();
    const ids = await Promise.all(Array.from({ length: 20 }, () => queue('welcome', {})));
    const senders = [keepSending(options(url)), keepSending(options(url)), keepSending(options(url))];
    await eventually(async () => {
      for (const id of ids) assert.equal((await mail(id)).state, 'sent');
    });
    await Promise.all(senders.map((sender) => sender.close()));
    assert.equal(received.length, 20);
  });

  it('fails if the user does not exist, and after three days of failed attempts', async () => {
    const url = await listen();
    const nobody = await queue('welcome', {}, randomUUID());
    await sendNext(options(url));
    assert.equal((await mail(nobody)).state, 'failed');
    const late = await queue('welcome', {});
    await db
      .updateTable('mails')
      .set({ occurred_at: sql`now() - interval '4 days'` })
      .where('id', '=', late)
      .execute();
    await sendNext({ ...options(url), users: { getUser: () => Promise.reject(new Error('down')) } });
    const { state, error } = await mail(late);
    assert.deepEqual([state, error], ['failed', 'down']);
  });

  for (const email of ['6d1f0c1e@unknown.invalid', 'ada@INVALID', 'ada@mail.invalid.']) {
    it(`skips a mail to ${email} and says why`, async () => {
      const url = await listen();
      user = { ...ada, email };
      const id = await queue('welcome', {});
      assert.deepEqual([await sendNext(options(url)), await sendNext(options(url))], [true, false]);
      const { state, error, recipient, attempts } = await mail(id);
      assert.deepEqual([state, recipient, attempts], ['skipped', null, 1]);
      assert.equal(error, `no mail can be delivered to ${email}`);
      assert.equal(received.length, 0);
    });
  }

  it('sends a mail to a domain that only contains “invalid”', async () => {
    const url = await listen();
    user = { ...ada, email: 'ada@invalid.example.com' };
    const id = await queue('welcome', {});
    await sendNext(options(url));
    assert.equal((await mail(id)).state, 'sent');
  });

  it('lets customers add neither headers nor HTML', async () => {
    const url = await listen();
    user = { ...ada, name: 'Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>' };
    await queue('cart-reminder', { lines: [{ sku: '<b>', quantity: 1 }] });
    await sendNext(options(url));
    const [{ recipients, message }] = received as [(typeof received)[0]];
    assert.deepEqual(recipients, ['ada@example.com']);
    assert.doesNotMatch(message, /^Bcc:/im);
    const html = message.slice(message.indexOf('text/html'));
    assert.doesNotMatch(html, /<script|<b>/);
    assert.match(html, /&lt;b&gt;/);
  });

  it('keeps mails in the mailbox if no mail server is set', async () => {
    const id = await queue('refunded', { orderId, refund: total });
    await sendNext({ ...options(''), transport: localMailbox });
    const { state, recipient, subject } = await mail(id);
    assert.deepEqual([state, recipient, subject], ['sent', 'ada@example.com', 'We have refunded £12.50']);
  });
});
