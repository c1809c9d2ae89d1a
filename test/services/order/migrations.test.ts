import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { createOrderRequests } from '../../../services/order/requests.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';
import { activitiesOn, newParcel } from './test-order-service.ts';

const LINES = [
  { sku: 'teapot', name: 'Teapot', quantity: 2, unitPrice: { amountMinor: 1000, currency: 'GBP' } },
  { sku: 'kettle', name: 'Kettle', quantity: 1, unitPrice: { amountMinor: 2500, currency: 'GBP' } },
];
const ADDRESS = { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1', country: 'GB' };

/** An order of LINES, delivered, and what came back of it. */
interface Old {
  id: string;
  returnId: string;
  status: 'requested' | 'received' | 'refunded' | 'expired';
  received: { sku: string; quantity: number }[];
  /** What a person decided about its refund. */
  action?: 'skip' | 'retry';
  fulfillment?: string;
}

const old = (difference: Omit<Old, 'id' | 'returnId'>): Old => ({
  id: randomUUID(),
  returnId: randomUUID(),
  ...difference,
});

async function insert(owner: Kysely<unknown>, { id, returnId, ...order }: Old): Promise<void> {
  await sql`
    insert into orders (id, customer_id, status, payment_status, fulfillment_status, lines, total_minor, currency,
                        shipping_address, payment_method, recorded_at, returnable_until)
    values (${id}, ${randomUUID()}, 'confirmed', 'captured', ${order.fulfillment ?? 'delivered'},
            ${JSON.stringify(LINES)}, 4500, 'GBP', ${JSON.stringify(ADDRESS)}, 'pm_card_visa', now(),
            now() + interval '1 day')`.execute(owner);
  await sql`
    insert into returns (id, order_id, customer_id, status, lines, received, reason)
    values (${returnId}, ${id}, ${randomUUID()}, ${order.status}, '[{"sku": "teapot", "quantity": 2}]',
            ${JSON.stringify(order.received)}, 'broken')`.execute(owner);
  if (!order.action) return;
  await sql`
    insert into interventions (id, order_id, workflow_id, step, reason, state, action, note, resolved_by, resolved_at)
    values (${randomUUID()}, ${id}, ${`return-${returnId}`}, 'refundPayment', 'refused', 'resolved', ${order.action},
            'seen', 'admin', now())`.execute(owner);
}

describe('orders of an earlier version', () => {
  const teapots = [{ sku: 'teapot', quantity: 2 }];
  const everything = [...teapots, { sku: 'kettle', quantity: 1 }];
  const orders = {
    skipped: old({ status: 'received', received: everything, action: 'skip' }),
    waiting: old({ status: 'received', received: teapots, action: 'retry' }),
    refunded: old({ status: 'refunded', received: teapots, fulfillment: 'partially_returned' }),
    requested: old({ status: 'requested', received: [] }),
    expired: old({ status: 'expired', received: [] }),
  };
  let database: FreshDatabase<OrderDatabase>;
  before(async () => {
    database = await upgradedDatabase('order', '001_create_order', async (owner) => {
      for (const order of Object.values(orders)) await insert(owner, order);
    });
  });
  after(() => database.drop());

  const requests = () => createOrderRequests(database.db, { waiting: new OrderWatcher(), lane: 'local-first' });

  it('show what came back of them, and close returns whose refund a person skipped', async () => {
    const expected = {
      skipped: ['not_refunded', 'returned', []],
      waiting: ['received', 'partially_returned', ['return']],
      refunded: ['refunded', 'partially_returned', ['return']],
      requested: ['requested', 'delivered', ['return']],
      expired: ['expired', 'delivered', ['return']],
    };
    for (const [name, { id, returnId }] of Object.entries(orders)) {
      const { status } = await requests().getReturn({ returnId });
      const { fulfillmentStatus, allowedActions } = await requests().getOrder({ orderId: id });
      assert.deepEqual([status, fulfillmentStatus, allowedActions], expected[name as keyof typeof orders], name);
    }
  });

  it('have numbers, each another one', async () => {
    const { items } = await requests().listOrders({ limit: 10 });
    const numbers = items.map(({ number }) => Number(number)).toSorted((one, other) => one - other);
    assert.deepEqual(numbers, [10_001, 10_002, 10_003, 10_004, 10_005]);
  });
});

describe('the SKUs of orders', () => {
  const [old, draft] = [randomUUID(), randomUUID()];
  let database: FreshDatabase<OrderDatabase>;
  const place = <Database>(db: Kysely<Database>, id: string, lines: object[], recorded = true) =>
    sql`
      insert into orders (id, customer_id, lines, total_minor, currency, shipping_address, payment_method, recorded_at)
      values (${id}, ${randomUUID()}, ${JSON.stringify(lines)}, 4500, 'GBP', ${JSON.stringify(ADDRESS)}, 'pm_card_visa',
              ${recorded ? sql`now()` : null})`.execute(db);
  before(async () => {
    database = await upgradedDatabase('order', '005_await_customers', async (owner) => {
      await place(owner, old, LINES);
      await sql`update orders set created_at = now() - interval '2 days'`.execute(owner);
      await place(owner, draft, LINES.slice(1), false);
    });
  });
  after(() => database.drop());

  const skusOf = async (id: string) => {
    const rows = await database.db
      .selectFrom('order_skus')
      .innerJoin('orders', (join) =>
        join.onRef('orders.id', '=', 'order_id').onRef('orders.created_at', '=', 'order_skus.created_at'),
      )
      .select('sku')
      .where('order_id', '=', id)
      .orderBy('sku')
      .execute();
    return rows.map(({ sku }) => sku);
  };

  it('are indexed for the orders and drafts of an earlier version', async () => {
    assert.deepEqual(await skusOf(old), ['kettle', 'teapot']);
    assert.deepEqual(await skusOf(draft), ['kettle']);
  });

  it('are indexed for an order that an earlier version places afterwards, each once', async () => {
    const id = randomUUID();
    await place(database.db, id, [...LINES, LINES[0]!]);
    assert.deepEqual(await skusOf(id), ['kettle', 'teapot']);
  });
});

describe('orders in one parcel of the version before', () => {
  const states = {
    booked: ['confirmed', 'authorized', 'booked'],
    captured: ['confirmed', 'captured', 'shipped'],
    refunded: ['completed', 'partially_refunded', 'delivered'],
    pending: ['pending', 'authorized', 'not_fulfilled'],
  } as const;
  const ids = Object.fromEntries(Object.keys(states).map((name) => [name, randomUUID()])) as Record<
    keyof typeof states,
    string
  >;
  const insertOrder = <Database>(db: Kysely<Database>, id: string, [status, payment, fulfillment]: readonly string[]) =>
    sql`
      insert into orders (id, customer_id, status, payment_status, fulfillment_status, lines, total_minor, currency,
                          refunded_minor, shipping_address, payment_method, recorded_at, tracking_number)
      values (${id}, ${randomUUID()}, ${status}, ${payment}, ${fulfillment}, ${JSON.stringify(LINES)}, 4500, 'GBP',
              ${payment === 'partially_refunded' ? 500 : 0}, ${JSON.stringify(ADDRESS)}, 'pm_card_visa', now(),
              ${fulfillment === 'not_fulfilled' ? null : `SB-${id}`})`.execute(db);
  let database: FreshDatabase<OrderDatabase>;
  before(async () => {
    database = await upgradedDatabase('order', '010_interventions_by_step', async (owner) => {
      for (const name of Object.keys(states) as (keyof typeof states)[])
        await insertOrder(owner, ids[name], states[name]);
    });
  });
  after(() => database.drop());

  const requests = () => createOrderRequests(database.db, { waiting: new OrderWatcher(), lane: 'local-first' });
  const note = (orderId: string) => ({ orderId, workflowId: `order-${orderId}`, entries: [] });
  const activities = () => activitiesOn(database.db);
  const read = (orderId: string) => requests().getOrder({ orderId });

  it('show the parcel that their own row describes, and what was captured', async () => {
    const shown = await Promise.all(
      Object.values(ids).map(async (id) => {
        const { parcels, captured, waitsFor } = await read(id);
        return [parcels!.map(({ status }) => status), captured!.amountMinor, waitsFor?.what];
      }),
    );
    assert.deepEqual(shown, [
      [['booked'], 0, 'dispatch'],
      [['dispatched'], 4500, 'delivery'],
      [['delivered'], 4500, undefined],
      [[], 0, undefined],
    ]);
  });

  it('go on as before, and can be divided, get into trouble and be refunded', async () => {
    const { booked, captured } = ids;
    const parts = [LINES.slice(0, 1), LINES.slice(1)].map((lines) =>
      newParcel(lines.map(({ sku, quantity }) => ({ sku, quantity }))),
    );
    await activities().replaceParcels({ ...note(booked), replaced: [booked], parcels: parts });
    const due = await activities().dispatchOrder({ ...note(booked), parcelId: parts[0]!.parcelId });
    assert.deepEqual([due.amount?.amountMinor, due.outstanding?.amountMinor], [2000, 4500]);
    await activities().noteParcel({ ...note(captured), parcelId: captured, trouble: 'lost' });
    const decision = { action: 'refund', note: 'gone', resolvedBy: 'ada' } as const;
    await activities().resolveParcel({ ...note(captured), parcelId: captured, ...decision });
    const { items } = await requests().listRefunds({ orderId: captured });
    assert.deepEqual(
      items.map(({ amount }) => amount.amountMinor),
      [4500],
    );
  });

  it('are written by a replica of that version meanwhile, which knows none of the new columns', async () => {
    const id = randomUUID();
    await insertOrder(database.db, id, states.pending);
    // As it confirms, ships, captures and delivers an order.
    await sql`update orders set status = 'confirmed', fulfillment_status = 'booked', tracking_number = 'SB-old' where id = ${id}`.execute(
      database.db,
    );
    assert.equal((await read(id)).parcels![0]!.promisedBy, null);
    await sql`update orders set fulfillment_status = 'shipped', payment_status = 'captured' where id = ${id}`.execute(
      database.db,
    );
    const { returnableUntil } = await activities().deliverOrder(note(id));
    assert.ok(returnableUntil);
    assert.deepEqual((await read(id)).captured, { amountMinor: 4500, currency: 'GBP' });
  });
});

describe('refunds that had failed before it was recorded how much of them', () => {
  const [orderId, inPart, whole, unknown] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  let database: FreshDatabase<OrderDatabase>;
  before(async () => {
    const refund = (owner: Kysely<unknown>, values: { id: string; amount: number; status: string; note?: string }) =>
      sql`
        insert into refunds (id, order_id, amount_minor, status, reason, requested_by, note)
        values (${values.id}, ${orderId}, ${values.amount}, ${values.status}, 'goodwill', 'staff-1', ${values.note ?? null})`.execute(
        owner,
      );
    const inPlaceOf = (id: string) => `in the place of ${id}, which the card processor could not pay`;
    database = await upgradedDatabase('order', '017_failed_captures', async (owner) => {
      await sql`
        insert into orders (id, customer_id, lines, total_minor, currency, shipping_address, payment_method, recorded_at)
        values (${orderId}, ${randomUUID()}, ${JSON.stringify(LINES)}, 4500, 'GBP', ${JSON.stringify(ADDRESS)}, 'pm_card_visa',
                now())`.execute(owner);
      for (const id of [inPart, whole, unknown]) await refund(owner, { id, amount: 1000, status: 'failed' });
      await sql`update refunds set limited = true where id = ${whole}`.execute(owner);
      for (const [id, amount] of [
        [inPart, 300],
        [inPart, 100],
        [whole, 1000],
      ] as const)
        await refund(owner, { id: randomUUID(), amount, status: 'requested', note: inPlaceOf(id) });
    });
  });
  after(() => database.drop());

  it('say so: as much as those in their place pay', async () => {
    const rows = await database.db.selectFrom('refunds').select(['id', 'failed_minor', 'limited', 'note']).execute();
    const failed = (id: typeof inPart) => rows.find((row) => row.id === id)!.failed_minor;
    assert.deepEqual([inPart, whole, unknown].map(failed), [400, 1000, 1000]);
    const others = rows.filter(({ id }) => ![inPart, whole, unknown].some((known) => known === id));
    assert.deepEqual(
      others.map(({ failed_minor }) => failed_minor),
      [0, 0, 0],
    );
    // Towards the limit of those who may refund only so much, too.
    const limited = others.filter((row) => row.limited);
    assert.deepEqual(
      limited.map(({ note }) => note?.includes(whole)),
      [true],
    );
  });
});
