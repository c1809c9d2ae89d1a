import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { localMailbox } from '../../../services/notification/mail-transport.ts';
import { keepSending, sendNext } from '../../../services/notification/sending.ts';
import { eventually } from '../../stage/eventually.ts';
import { freePort } from '../../stage/free-ports.ts';
import { mailStage } from './test-mail-sending.ts';

const orderId = randomUUID();
const total = { amountMinor: 1250, currency: 'GBP' };

describe('sending mail', function () {
  this.timeout(60_000);
  const stage = mailStage();
  const { queue, mail, makeDue, listen, options } = stage;

  it('sends a mail once, as text and as HTML, to the customer’s current address', async () => {
    const url = await listen();
    const id = await queue('confirmed', {
      orderId,
      total,
      number: '10042',
      lines: [
        { sku: 'TEA', quantity: 6 },
        { sku: 'GONE', quantity: 1 },
      ],
    });
    assert.equal(await sendNext(options(url)), true);
    assert.equal(await sendNext(options(url)), false);
    assert.equal(stage.received.length, 1);
    const [{ recipients, message }] = stage.received as [(typeof stage.received)[0]];
    assert.deepEqual(recipients, ['ada@example.com']);
    assert.match(message, /^From: Your shop <shop@example.com>\r$/m);
    assert.match(message, /^To: Ada Lovelace <ada@example.com>\r$/m);
    // Quoted-printable breaks long lines.
    assert.match(
      message.replaceAll('=\r\n', ''),
      /text\/plain[^]*6 .* Oolong[^]*text\/html[^]*<li>6 .* Oolong<\/li>[^]*1 .* GONE/,
    );
    const { state, recipient, subject, text, attempts } = await mail(id);
    assert.deepEqual(
      [state, recipient, subject, attempts],
      ['sent', 'ada@example.com', 'Your order is confirmed: £12.50', 1],
    );
    assert.match(text!, new RegExp(`Hello Ada Lovelace,\\n\\nThank you for your order 10042\\.`));
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
    assert.deepEqual([(await mail(id)).state, stage.received.length], ['sent', 1]);
  });

  it('never sends a mail again if the connection broke during transmission', async () => {
    const url = await listen({
      onData(stream, session) {
        stream.on('data', () => undefined);
        stream.on('end', () => {
          stage.received.push({ recipients: [], message: '' });
          // Before the reply.
          stage.breakConnection(session.id);
        });
      },
    });
    const id = await queue('welcome', {});
    await sendNext(options(url));
    await makeDue();
    assert.equal(await sendNext(options(url)), false);
    assert.deepEqual([(await mail(id)).state, stage.received.length], ['unknown', 1]);
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
    assert.deepEqual(stage.received, []);
  });

  it('names the products of pieces that are not sent', async () => {
    const url = await listen();
    const id = await queue('changed', { orderId, number: '10042', canceledLines: [{ sku: 'TEA', quantity: 6 }] });
    await sendNext(options(url));
    assert.match((await mail(id)).text!, /6 × Oolong/);
  });

  it('retries while it cannot learn the names of products, and asks for none that the mail does not show', async () => {
    const url = await listen();
    const down = { getProducts: () => Promise.reject(new Error('down')) };
    const withLines = await queue('cart-reminder', { lines: [{ sku: 'TEA', quantity: 1 }] });
    await sendNext({ ...options(url), products: down });
    const { state, error } = await mail(withLines);
    assert.deepEqual([state, error], ['queued', 'down']);
    const without = await queue('delivered', { orderId });
    await sendNext({ ...options(url), products: down });
    assert.equal((await mail(without)).state, 'sent');
  });

  it('stores an error with characters that PostgreSQL does not accept', async () => {
    const id = await queue('welcome', {});
    await sendNext({
      ...options(''),
      users: { ...options('').users, getContact: () => Promise.reject(new Error('no\0')) },
    });
    const { state, error } = await mail(id);
    assert.deepEqual([state, error], ['queued', 'no\uFFFD']);
  });

  it('marks as unknown a mail that a process was sending when it died', async () => {
    const id = await queue('welcome', {});
    await stage.database.db
      .updateTable('mails')
      .set({ state: 'sending', next_attempt_at: sql`now() - interval '1 second'` })
      .where('id', '=', id)
      .execute();
    const url = await listen();
    assert.equal(await sendNext(options(url)), false);
    assert.deepEqual([(await mail(id)).state, stage.received.length], ['unknown', 0]);
  });

  it('sends each mail once, even with several senders', async () => {
    const url = await listen();
    const ids = await Promise.all(Array.from({ length: 20 }, () => queue('welcome', {})));
    const senders = [keepSending(options(url)), keepSending(options(url)), keepSending(options(url))];
    await eventually(async () => {
      for (const id of ids) assert.equal((await mail(id)).state, 'sent');
    });
    await Promise.all(senders.map((sender) => sender.close()));
    assert.equal(stage.received.length, 20);
  });

  it('fails if the user does not exist, and after three days of failed attempts', async () => {
    const url = await listen();
    const nobody = await queue('welcome', {}, randomUUID());
    await sendNext(options(url));
    assert.equal((await mail(nobody)).state, 'failed');
    const late = await queue('welcome', {});
    await stage.database.db
      .updateTable('mails')
      .set({ occurred_at: sql`now() - interval '4 days'` })
      .where('id', '=', late)
      .execute();
    await sendNext({
      ...options(url),
      users: { ...options(url).users, getContact: () => Promise.reject(new Error('down')) },
    });
    const { state, error } = await mail(late);
    assert.deepEqual([state, error], ['failed', 'down']);
  });

  it('says of mails that they are only kept in the mailbox, if no mail server is set', async () => {
    const id = await queue('refunded', { orderId, refund: total });
    await sendNext({ ...options(''), transport: localMailbox });
    const { state, recipient, subject } = await mail(id);
    assert.deepEqual([state, recipient, subject], ['kept', 'ada@example.com', 'We have refunded £12.50']);
  });
});
