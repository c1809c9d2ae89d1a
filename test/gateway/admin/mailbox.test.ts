import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Mail } from '../../../activities/notification.ts';
import { NOW } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

const mailOf = (difference: Partial<Mail> = {}): Mail => ({
  id: randomUUID(),
  template: 'shipped',
  customerId: randomUUID(),
  orderId: randomUUID(),
  resendOf: null,
  resentBy: null,
  state: 'sent',
  to: 'ada@example.com',
  subject: 'Your parcel is on its way',
  text: 'Hello Ada,',
  attempts: 1,
  error: null,
  createdAt: NOW,
  updatedAt: NOW,
  ...difference,
});

describe('the mailbox at the gateway', () => {
  let gateway: Harness;
  let mails: Mail[];
  before(async () => {
    gateway = await startHarness();
    ({ mails } = gateway.services.events);
  });
  after(() => gateway.close());
  beforeEach(() => {
    mails.length = 0;
    gateway.services.calls.length = 0;
  });

  const list = async (query: string) =>
    (await gateway.call(`GET /v1/admin/mailbox?${query}`, { as: gateway.admin })).body;
  const resend = (orderId: string, kind: string, key: string = randomUUID(), as = gateway.admin) =>
    gateway.call(`POST /v1/admin/orders/${orderId}/mails/${kind}/resend`, { as, key });

  it('shows the e-mails to customers, by state and by order', async () => {
    const welcome = mailOf({ template: 'welcome', orderId: null });
    const shipped = mailOf();
    mails.push(welcome, shipped, mailOf({ orderId: shipped.orderId, state: 'failed' }));
    assert.deepEqual((await list('state=sent')).items, [welcome, shipped]);
    assert.equal((await list(`orderId=${shipped.orderId}`)).items.length, 2);
    assert.deepEqual((await list(`state=sent&orderId=${shipped.orderId}`)).items, [shipped]);
    assert.equal((await list('orderId=nonsense')).code, 'InvalidRequest');
  });

  it('keeps the filter on the next page', async () => {
    const { orderId } = mailOf();
    mails.push(mailOf({ orderId }), mailOf({ orderId }));
    const { next } = await list(`orderId=${orderId}&state=sent&limit=1`);
    assert.equal(next, `/v1/admin/mailbox?cursor=c-2&limit=1&state=sent&orderId=${orderId}`);
  });

  it('sends a mail again, once for each Idempotency-Key, even if the gateway’s own record is lost', async () => {
    const shipped = mailOf();
    mails.push(shipped);
    const [key, other] = [randomUUID(), randomUUID()];
    const first = await resend(shipped.orderId!, 'shipped', key);
    assert.equal(first.status, 201);
    const { id, resendOf, resentBy, state } = first.body as unknown as Mail;
    assert.notEqual(id, shipped.id);
    assert.deepEqual([resendOf, resentBy, state], [shipped.id, gateway.admin.id, 'queued']);
    assert.deepEqual((await resend(shipped.orderId!, 'shipped', key)).body, first.body);
    await gateway.db.deleteFrom('idempotency_records').execute();
    assert.equal((await resend(shipped.orderId!, 'shipped', key)).body.id, id);
    assert.equal(mails.length, 2);
    assert.equal((await resend(shipped.orderId!, 'shipped', other)).status, 201);
    assert.equal(mails.length, 3);
  });

  it('has nothing to send again for an order without such a mail, whatever the id and the kind are', async () => {
    const shipped = mailOf();
    mails.push(shipped);
    const none = [
      [shipped.orderId!, 'delivered'],
      [randomUUID(), 'shipped'],
      [shipped.orderId!, 'nonsense'],
      ['nonsense', 'shipped'],
    ] as const;
    for (const [orderId, kind] of none) {
      const { status, body } = await resend(orderId, kind);
      assert.deepEqual([status, body.code], [404, 'MailNotFound'], `${orderId} ${kind}`);
    }
    assert.equal(mails.length, 1);
    // What names no mail reaches no service, which would refuse it as invalid.
    assert.equal(gateway.services.calls.filter((call) => call === 'notifications.resendMail').length, 2);
  });

  it('is for staff only', async () => {
    const shipped = mailOf();
    mails.push(shipped);
    assert.equal((await resend(shipped.orderId!, 'shipped', randomUUID(), gateway.customer)).status, 403);
    assert.equal((await gateway.call('GET /v1/admin/mailbox', { as: gateway.customer })).status, 403);
  });
});
