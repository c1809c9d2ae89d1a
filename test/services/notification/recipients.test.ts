import assert from 'node:assert/strict';
import { sendNext } from '../../../services/notification/sending.ts';
import { ada, mailStage } from './test-mail-sending.ts';

describe('recipients of mail', function () {
  this.timeout(60_000);
  const stage = mailStage();
  const { queue, mail, listen, options } = stage;

  for (const email of ['6d1f0c1e@unknown.invalid', 'ada@INVALID', 'ada@mail.invalid.']) {
    it(`skips a mail to ${email} and says why`, async () => {
      const url = await listen();
      stage.user = { ...ada, email };
      const id = await queue('welcome', {});
      assert.deepEqual([await sendNext(options(url)), await sendNext(options(url))], [true, false]);
      const { state, error, recipient, attempts } = await mail(id);
      assert.deepEqual([state, recipient, attempts], ['skipped', null, 1]);
      assert.equal(error, `no mail can be delivered to ${email}`);
      assert.equal(stage.received.length, 0);
    });
  }

  it('sends a mail to a domain that only contains “invalid”', async () => {
    const url = await listen();
    stage.user = { ...ada, email: 'ada@invalid.example.com' };
    const id = await queue('welcome', {});
    await sendNext(options(url));
    assert.equal((await mail(id)).state, 'sent');
  });

  it('lets customers add neither headers nor HTML', async () => {
    const url = await listen();
    stage.user = { ...ada, name: 'Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>' };
    await queue('cart-reminder', { lines: [{ sku: '<b>', quantity: 1 }] });
    await sendNext(options(url));
    const [{ recipients, message }] = stage.received as [(typeof stage.received)[0]];
    assert.deepEqual(recipients, ['ada@example.com']);
    assert.doesNotMatch(message, /^Bcc:/im);
    const html = message.slice(message.indexOf('text/html'));
    assert.doesNotMatch(html, /<script|<b>/);
    assert.match(html, /&lt;b&gt;/);
  });
});
