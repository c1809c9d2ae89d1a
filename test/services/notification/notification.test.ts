import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { sql } from 'kysely';
import type { MailTemplate } from '../../../activities/notification.ts';
import { orderEvents } from '../../../activities/order-events.ts';
import { productRequests } from '../../../activities/product.ts';
import { userRequests } from '../../../activities/user.ts';
import { createClient } from '../../../platform/http/client.ts';
import { createOutboxWriter } from '../../../platform/events/outbox.ts';
import type { Running } from '../../../platform/process.ts';
import { defineService } from '../../../platform/service.ts';
import { REGISTRY } from '../../../services/registry.ts';
import { bareEnvironment } from '../../stage/bare-environment.ts';
import { freePorts } from '../../stage/free-ports.ts';
import type { NotificationDatabase } from '../../../services/notification/database.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { product } from '../../../services/product/service.ts';
import { user } from '../../../services/user/service.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { eventually } from '../../stage/eventually.ts';

const TOKEN = 'a service token of more than thirty-two characters';
const writeEvent = createOutboxWriter('order', orderEvents);

describe('the notification service', function () {
  this.timeout(120_000);
  let orders: FreshDatabase<OrderDatabase>;
  let users: FreshDatabase<unknown>;
  let products: FreshDatabase<ProductDatabase>;
  let mails: FreshDatabase<NotificationDatabase>;
  let ports: Record<'user' | 'product' | 'order' | 'notification', number>;
  let environment: Record<string, string>;
  const running: Running[] = [];
  let child: ChildProcess | undefined;

  before(async () => {
    orders = await freshDatabase<OrderDatabase>('order');
    users = await freshDatabase('user');
    products = await freshDatabase<ProductDatabase>('product');
    mails = await freshDatabase<NotificationDatabase>('notification');
    ports = await freePorts('user', 'product', 'order', 'notification');
    environment = {
      SERVICE_TOKEN: TOKEN,
      LOG_LEVEL: 'emerg',
      USER_URL: `http://127.0.0.1:${ports.user}`,
      PRODUCT_URL: `http://127.0.0.1:${ports.product}`,
      ORDER_URL: `http://127.0.0.1:${ports.order}`,
      USER_PORT: String(ports.user),
      PRODUCT_PORT: String(ports.product),
      ORDER_PORT: String(ports.order),
      NOTIFICATION_PORT: String(ports.notification),
      USER_DATABASE_URL: users.url,
      PRODUCT_DATABASE_URL: products.url,
      ORDER_DATABASE_URL: orders.url,
      NOTIFICATION_DATABASE_URL: mails.url,
    };
    running.push(await user.start(environment));
    running.push(await product.start(environment));
    // The order service's event feed without its worker, which would need a Temporal server.
    const order = defineService<OrderDatabase, Record<string, never>>(REGISTRY, {
      name: 'order',
      settings: {},
      create: () => ({ requests: { operations: {}, implementation: {} }, subscriptions: [] }),
    });
    running.push(await order.start(environment));
  });
  after(async () => {
    if (child) await kill();
    await Promise.all(running.map((service) => service.close()));
    await Promise.all([orders, users, products, mails].map((database) => database.drop()));
  });

  const start = () => {
    child = spawn(process.execPath, ['services/main.ts', 'notification'], {
      cwd: path.join(import.meta.dirname, '../../..'),
      env: { ...bareEnvironment(), ...environment },
      stdio: 'ignore',
    });
  };
  const kill = async () => {
    const ended = once(child!, 'close');
    child!.kill('SIGKILL');
    await ended;
  };
  const publish = (customerId: string, type: 'order.delivered' | 'order.canceled', orderId: string = randomUUID()) =>
    orders.db
      .transaction()
      .execute((transaction) => writeEvent(transaction, { type, subject: orderId, data: { orderId, customerId } }));
  const mailsTo = async (customerId: string) => {
    const rows = await mails.db
      .selectFrom('mails')
      .select(['template', 'state'])
      .where('customer_id', '=', customerId)
      .execute();
    return rows.map(({ template, state }) => `${template} ${state}`).toSorted();
  };

  it('sends mails about events that happened while it was down, and none twice', async () => {
    const at = { service: 'user', urls: [environment.USER_URL!], token: TOKEN };
    const ada = await createClient(at, 'requests', userRequests).register({
      email: 'ada@example.com',
      password: 'correct horse battery',
      name: 'Ada',
    });
    start();
    await eventually(async () => assert.deepEqual(await mailsTo(ada.id), ['welcome kept']));
    for (let order = 0; order < 30; order += 1) await publish(ada.id, 'order.delivered');
    await eventually(async () => assert.ok((await mailsTo(ada.id)).length > 1));
    await kill();
    for (let order = 0; order < 30; order += 1) await publish(ada.id, 'order.canceled');
    start();
    await eventually(async () => {
      const mailsToAda = await mailsTo(ada.id);
      assert.equal(mailsToAda.length, 61);
      // A mail that was being sent at the kill stays in that state for a while, and is not sent again.
      assert.ok(mailsToAda.every((mail) => /kept|sending/.test(mail)));
      assert.ok(mailsToAda.filter((mail) => mail.endsWith('sending')).length <= 1);
    });
    const { rows } = await sql<{ count: number }>`select count(*) from inbox where state = 'done'`.execute(mails.db);
    assert.equal(rows[0]!.count, 61);
  });

  it('says in each mail what happened to the order', async () => {
    const at = { service: 'user', urls: [environment.USER_URL!], token: TOKEN };
    const { id: customerId } = await createClient(at, 'requests', userRequests).register({
      email: 'grace@example.com',
      password: 'correct horse battery',
      name: 'Grace',
    });
    const productAt = { service: 'product', urls: [environment.PRODUCT_URL!], token: TOKEN };
    await createClient(productAt, 'requests', productRequests).createProduct({
      sku: 'tea',
      name: 'Green tea',
      price: { amountMinor: 625, currency: 'GBP' },
    });
    const about = { orderId: randomUUID(), customerId, number: '10042' };
    const pounds = { amountMinor: 1250, currency: 'GBP' };
    const rejection = { code: 'OutOfStock', detail: 'tea: 2 wanted, 1 there' } as const;
    await orders.db.transaction().execute(async (transaction) => {
      const subject = about.orderId;
      const lines = [{ sku: 'tea', quantity: 2 }];
      await writeEvent(transaction, { type: 'order.confirmed', subject, data: { ...about, total: pounds, lines } });
      await writeEvent(transaction, { type: 'order.shipped', subject, data: { ...about, trackingNumber: 'SB-1' } });
      const returnableUntil = new Date(Date.now() + 86_400_000).toISOString();
      await writeEvent(transaction, { type: 'order.delivered', subject, data: { ...about, returnableUntil } });
      const refund = { ...about, returnId: randomUUID(), refund: pounds };
      await writeEvent(transaction, { type: 'order.refunded', subject, data: refund });
      await writeEvent(transaction, { type: 'order.canceled', subject, data: about });
      // That it travels in other parcels is no news for its customer.
      await writeEvent(transaction, { type: 'order.changed', subject, data: about });
      const canceledLines = [{ sku: 'tea', quantity: 1 }];
      await writeEvent(transaction, { type: 'order.changed', subject, data: { ...about, canceledLines } });
      const until = returnableUntil;
      await writeEvent(transaction, {
        type: 'order.payment_method_required',
        subject,
        data: { ...about, until, total: pounds },
      });
      for (const trouble of ['delayed', 'late', 'lost', 'returned_to_sender'] as const) {
        const parcel = { parcelId: randomUUID(), trackingNumber: 'SB-2' };
        await writeEvent(transaction, { type: `order.parcel_${trouble}`, subject, data: { ...about, ...parcel } });
      }
      await writeEvent(transaction, { type: 'order.rejected', subject, data: { ...about, rejection } });
    });
    const sent = () => mails.db.selectFrom('mails').selectAll().where('customer_id', '=', customerId).execute();
    await eventually(async () => assert.equal((await sent()).filter(({ state }) => state === 'kept').length, 13));
    const texts = new Map((await sent()).map((mail) => [mail.template, `${mail.subject}\n${mail.text}`]));
    for (const [template, expected] of Object.entries({
      confirmed: /confirmed: .*12\.50[^]*Green tea/,
      shipped: /on its way[^]*SB-1/,
      delivered: /has arrived[^]*request a return/,
      refunded: /refunded .*12\.50/,
      canceled: /is canceled[^]*Nothing has been charged/,
      rejected: /could not accept[^]*sold out/,
      changed: /has changed[^]*not sent[^]*1 × Green tea/,
      'payment-method-required': /another payment method/,
      'parcel-delayed': /is delayed[^]*SB-2/,
      'parcel-late': /is late/,
      'parcel-lost': /is lost/,
      'parcel-returned-to-sender': /coming back to us/,
    })) {
      const text = texts.get(template as MailTemplate);
      assert.match(text!, expected);
      assert.ok(text!.includes('your order 10042') || text!.includes('Your order 10042'), template);
    }
  });

  it('sends no mail about an old event', async () => {
    const customerId = randomUUID();
    await orders.db.transaction().execute(async (transaction) => {
      await writeEvent(transaction, {
        type: 'order.delivered',
        subject: customerId,
        data: { orderId: customerId, customerId },
      });
      await transaction
        .updateTable('outbox')
        .set({ occurred_at: sql<Date>`now() - interval '4 days'` })
        .where('subject', '=', customerId)
        .execute();
    });
    await eventually(async () => assert.deepEqual(await mailsTo(customerId), ['delivered expired']));
  });
});
