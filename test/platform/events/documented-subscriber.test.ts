import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Kysely, type Transaction, sql } from 'kysely';
import { z } from 'zod';
import { type Implementation, Nothing, operation } from '../../../platform/contract/operation.ts';
import { orderEvents } from '../../../activities/order-events.ts';
import type { InboxDatabase } from '../../../platform/events/inbox.ts';
import { subscription } from '../../../platform/events/subscription.ts';
import { createClient } from '../../../platform/http/client.ts';
import { createOutboxWriter } from '../../../platform/events/outbox.ts';
import type { Running } from '../../../platform/process.ts';
import { type Registry, defineService } from '../../../platform/service.ts';
import { REGISTRY } from '../../../services/registry.ts';
import { freePorts } from '../../stage/free-ports.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { TOKEN, freshInbox } from '../../stage/test-publisher.ts';
import { eventually } from '../../stage/eventually.ts';

interface PickingDatabase extends InboxDatabase {
  picking_lists: { order_id: string };
}

/** The orders to pick. */
const pickingRequests = {
  listOrders: operation({ request: Nothing, response: z.object({ orderIds: z.array(z.uuid()) }) }),
};
type PickingRequests = Implementation<typeof pickingRequests>;
const createPickingRequests = (db: Kysely<PickingDatabase>): PickingRequests => ({
  async listOrders() {
    const rows = await db.selectFrom('picking_lists').select('order_id').execute();
    return { orderIds: rows.map(({ order_id }) => order_id) };
  },
});

const registry = {
  ...REGISTRY,
  picking: { port: 4199, publishes: false, subscribesTo: ['order'] },
} satisfies Registry;

const picking = defineService<PickingDatabase, Record<string, never>>(registry, {
  name: 'picking',
  settings: {},
  // CONTRIBUTING.md quotes what follows.
  create: ({ db }) => ({
    requests: { operations: pickingRequests, implementation: createPickingRequests(db) },
    subscriptions: [
      subscription('order', orderEvents, {
        'order.confirmed': async ({ data }, transaction: Transaction<PickingDatabase>) => {
          await transaction.insertInto('picking_lists').values({ order_id: data.orderId }).execute();
        },
      }),
    ],
  }),
});

const publisher = defineService<OrderDatabase, Record<string, never>>(registry, {
  name: 'order',
  settings: {},
  create: () => ({ requests: { operations: {}, implementation: {} }, subscriptions: [] }),
});

describe('the subscriber of CONTRIBUTING.md', function () {
  this.timeout(120_000);
  const guide = readFileSync(path.join(import.meta.dirname, '../../../CONTRIBUTING.md'), 'utf8');
  const [, quoted = ''] = /```ts\n(create: [^]*?)```/.exec(guide) ?? [];
  let orders: FreshDatabase<OrderDatabase>;
  let lists: FreshDatabase<PickingDatabase>;
  const running: Running[] = [];
  before(async () => {
    orders = await freshDatabase<OrderDatabase>('order');
    lists = await freshInbox<PickingDatabase>(sql`create table picking_lists (order_id uuid primary key)`);
  });
  after(async () => {
    for (const one of running) await one.close();
    await Promise.all([orders.drop(), lists.drop()]);
  });

  it('is the code that runs in this test', () => {
    const here = readFileSync(import.meta.filename, 'utf8').replaceAll(/^ {2}/gm, '');
    assert.ok(quoted.split('\n').length > 5);
    assert.ok(here.includes(quoted), `it differs from this file:\n${quoted}`);
  });

  it('receives each confirmed order once, also those from before its start, without any change in the order service', async () => {
    const ports = await freePorts('order', 'picking');
    const environment = {
      SERVICE_TOKEN: TOKEN,
      LOG_LEVEL: 'emerg',
      ORDER_URL: `http://127.0.0.1:${ports.order}`,
      ORDER_DATABASE_URL: orders.url,
      ORDER_PORT: String(ports.order),
      PICKING_DATABASE_URL: lists.url,
      PICKING_PORT: String(ports.picking),
    };
    const [past, next] = [randomUUID(), randomUUID()];
    await confirm(orders.db, past);
    running.push(await publisher.start(environment), await picking.start(environment));
    await confirm(orders.db, next);
    const address = { service: 'picking', urls: [`http://127.0.0.1:${ports.picking}`], token: TOKEN };
    const client = createClient(address, 'requests', pickingRequests);
    await eventually(async () => {
      assert.deepEqual((await client.listOrders({})).orderIds.toSorted(), [past, next].toSorted());
    });
  });
});

const publish = createOutboxWriter('order', orderEvents);

const confirm = (db: Kysely<OrderDatabase>, orderId: string): Promise<void> =>
  db.transaction().execute((work) =>
    publish(work, {
      type: 'order.confirmed',
      subject: orderId,
      data: { orderId, customerId: randomUUID(), total: { amountMinor: 1, currency: 'GBP' }, lines: [] },
    }),
  );
