import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { NotificationDatabase } from '../../../services/notification/database.ts';
import { createNotificationRequests } from '../../../services/notification/requests.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';

describe('mails of an earlier version', () => {
  let database: FreshDatabase<NotificationDatabase>;
  const [orderId, shipped, customerId] = [randomUUID(), randomUUID(), randomUUID()];

  before(async () => {
    database = await upgradedDatabase('notification', '002_allow_kept_mails', (owner) =>
      sql`
        insert into mails (id, template, customer_id, data, state, occurred_at)
        values (${shipped}, 'shipped', ${customerId}, ${JSON.stringify({ orderId, customerId })}, 'sent', now()),
               (${randomUUID()}, 'welcome', ${customerId}, '{"hasPassword": true}', 'sent', now()),
               (${randomUUID()}, 'cart-reminder', ${customerId}, '{"lines": []}', 'sent', now())`.execute(owner),
    );
  });
  after(() => database.drop());

  const requests = () => createNotificationRequests(database.db);

  it('are found by the order that they are about, and can be sent again', async () => {
    const { items } = await requests().listMails({ orderId, limit: 10 });
    assert.deepEqual(
      items.map(({ id, resendOf }) => [id, resendOf]),
      [[shipped, null]],
    );
    const again = { mailId: randomUUID(), orderId, template: 'shipped', resentBy: 'staff' } as const;
    assert.equal((await requests().resendMail(again)).resendOf, shipped);
  });

  it('about accounts and carts are about no order', async () => {
    const { items } = await requests().listMails({ limit: 10 });
    assert.deepEqual(
      items
        .filter((mail) => mail.orderId === null)
        .map(({ template }) => template)
        .toSorted(),
      ['cart-reminder', 'welcome'],
    );
  });
});
