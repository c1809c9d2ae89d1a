import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { CustomerContact } from '../../../activities/guest.ts';
import { userEvents } from '../../../activities/user.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { createOutboxWriter } from '../../../platform/events/outbox.ts';
import type { Running } from '../../../platform/process.ts';
import { defineService } from '../../../platform/service.ts';
import { users } from '../../../services/order/contacts.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { moveNext } from '../../../services/order/guest-claims.ts';
import { findContactsAfter } from '../../../services/order/missing-contacts.ts';
import { REGISTRY } from '../../../services/registry.ts';
import type { UserDatabase } from '../../../services/user/database.ts';
import { eventually } from '../../stage/eventually.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { TOKEN } from '../../stage/test-publisher.ts';
import { draft, orderStage } from './test-order-service.ts';

const contactOf = (db: Kysely<OrderDatabase>, customerId: string) =>
  db.selectFrom('contacts').select(['email', 'name']).where('customer_id', '=', customerId).executeTakeFirst();

describe('contacts of customers', function () {
  this.timeout(120_000);

  describe('follow the events of the user service', () => {
    let people: FreshDatabase<UserDatabase>;
    let orders: FreshDatabase<OrderDatabase>;
    const running: Running[] = [];
    const publish = createOutboxWriter('user', userEvents);
    const tell = (type: 'user.created' | 'user.updated', userId: string, email: string, name: string) =>
      people.db
        .transaction()
        .execute((work) => publish(work, { type, subject: userId, data: { userId, email, name, role: 'customer' } }));

    before(async () => {
      people = await freshDatabase<UserDatabase>('user');
      orders = await freshDatabase<OrderDatabase>('order');
    });
    after(async () => {
      await Promise.all(running.map((one) => one.close()));
      await Promise.all([people.drop(), orders.drop()]);
    });

    it('also those from before the order service subscribed, up to the last change', async () => {
      const ports = await freePorts('user', 'order');
      const environment = {
        SERVICE_TOKEN: TOKEN,
        LOG_LEVEL: 'emerg',
        USER_URL: `http://127.0.0.1:${ports.user}`,
        USER_PORT: String(ports.user),
        USER_DATABASE_URL: people.url,
        ORDER_PORT: String(ports.order),
        ORDER_DATABASE_URL: orders.url,
      };
      const nothing = { operations: {}, implementation: {} };
      const [ada, bob] = [randomUUID(), randomUUID()];
      await tell('user.created', ada, 'ada@example.com', 'Ada Byron');
      await tell('user.updated', ada, 'ada@example.com', 'Ada Lovelace');
      const user = defineService<UserDatabase, Record<string, never>>(REGISTRY, {
        name: 'user',
        settings: {},
        create: () => ({ requests: nothing }),
      });
      // The order service without its worker, which would need a Temporal server.
      const order = defineService<OrderDatabase, Record<string, never>>(REGISTRY, {
        name: 'order',
        settings: {},
        create: () => ({ requests: nothing, subscriptions: [users] }),
      });
      running.push(await user.start(environment), await order.start(environment));
      await tell('user.created', bob, 'bob@example.com', 'Bob');
      const known = { email: 'ada@example.com', name: 'Ada Lovelace' };
      await eventually(async () => {
        assert.deepEqual(await contactOf(orders.db, ada), known);
        assert.deepEqual(await contactOf(orders.db, bob), { email: 'bob@example.com', name: 'Bob' });
      });
    });
  });

  describe('that no event told', () => {
    const stage = orderStage();
    const asked: string[] = [];
    const known = new Map<string, string>();
    const service = {
      getContact: async ({ customerId }: { customerId: string }): Promise<CustomerContact> => {
        asked.push(customerId);
        const name = known.get(customerId);
        if (name === undefined) throw new Refusal('UserNotFound', 'there is no such user');
        if (name === 'down') throw new Error('connection refused');
        return { email: `${name}@example.com`, name, isGuest: false, claimedBy: null };
      },
    };
    const FIRST = '00000000-0000-0000-0000-000000000000';
    const look = async () => {
      asked.length = 0;
      let after: string | undefined = FIRST;
      while (after !== undefined) after = await findContactsAfter({ db: stage.database.db, users: service }, after);
    };

    it('are asked of the user service, once for each customer with an order', async () => {
      const [ada, told, nobody] = [randomUUID(), randomUUID(), randomUUID()];
      known.set(ada, 'ada').set(told, 'outdated');
      await stage.database.db
        .insertInto('contacts')
        .values({ customer_id: told, email: 'told@example.com', name: 'told' })
        .execute();
      for (const customerId of [ada, ada, told, nobody]) await stage.placed({ customerId });
      await stage.requests.placeOrder(draft());
      await look();
      assert.deepEqual(asked.toSorted(), [ada, nobody].toSorted());
      assert.deepEqual(await contactOf(stage.database.db, ada), { email: 'ada@example.com', name: 'ada' });
      assert.deepEqual(await contactOf(stage.database.db, told), { email: 'told@example.com', name: 'told' });
      await look();
      assert.deepEqual(asked, [nobody]);
    });

    it('do not replace what an event tells meanwhile', async () => {
      const customerId = randomUUID();
      await stage.placed({ customerId });
      const slow = {
        getContact: async ({ customerId: asked }: { customerId: string }) => {
          if (asked === customerId)
            await stage.database.db
              .insertInto('contacts')
              .values({ customer_id: asked, email: 'new@example.com', name: 'new' })
              .execute();
          return { email: 'old@example.com', name: 'old', isGuest: false, claimedBy: null };
        },
      };
      await findContactsAfter({ db: stage.database.db, users: slow }, FIRST);
      assert.deepEqual(await contactOf(stage.database.db, customerId), { email: 'new@example.com', name: 'new' });
    });

    it('show whose orders those of a guest are, if the event of it was missed', async () => {
      const { db } = stage.database;
      const [guestId, userId] = [randomUUID(), randomUUID()];
      const orderId = await stage.confirmed({ customerId: guestId });
      const claimed = {
        getContact: ({ customerId }: { customerId: string }) =>
          Promise.resolve({
            email: 'ada@example.com',
            name: 'Ada',
            isGuest: false,
            claimedBy: customerId === guestId ? userId : null,
          }),
      };
      await findContactsAfter({ db, users: claimed }, FIRST);
      while (await moveNext(db));
      assert.equal((await stage.requests.getOrder({ orderId })).customerId, userId);
      assert.equal(await contactOf(db, guestId), undefined);
    });

    it('are asked again after a fault', async () => {
      const customerId = randomUUID();
      known.set(customerId, 'down');
      await stage.placed({ customerId });
      await assert.rejects(look(), /connection refused/);
      known.set(customerId, 'eve');
      await look();
      assert.equal((await contactOf(stage.database.db, customerId))!.name, 'eve');
    });
  });
});
