import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import type { CancelOrder, OrderActivities, RejectOrder } from '../../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import { connect } from '../../../platform/database/connection.ts';
import { draft, orderStage } from './test-order-service.ts';

const rejection = { code: 'CardDeclined' as const, detail: 'the card was declined' };
const customerAction = { type: 'redirect', url: 'https://bank.example/confirm' } as const;
const canceledStatuses = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
const rejectedBy = (note: OrderUpdate): RejectOrder => ({ ...note, ...canceledStatuses, rejection });
const canceledBy = (note: OrderUpdate): CancelOrder => ({ ...note, ...canceledStatuses, reason: 'changed my mind' });

describe('order service: bookkeeping', () => {
  const stage = orderStage();

  type Step = (activities: OrderActivities, note: OrderUpdate) => Promise<unknown>;
  /** Each bookkeeping step: the state before, the statuses after, and the event it publishes. */
  const STEPS: Record<string, { from: () => Promise<string>; take: Step; to: string[]; event?: string }> = {
    recordOrder: {
      from: async () => (await stage.requests.placeOrder(draft())).order.id,
      // Its result differs between the first call and repeats; the tests of the lanes cover it.
      take: async (activities, note) => void (await activities.recordOrder(note)),
      to: ['pending', 'not_paid', 'not_fulfilled'],
      event: 'order.placed',
    },
    awaitCustomer: {
      from: () => stage.placed(),
      take: (activities, note) => activities.awaitCustomer({ ...note, customerAction }),
      to: ['pending', 'awaiting_customer', 'not_fulfilled'],
      event: 'order.payment_action_required',
    },
    confirmOrder: {
      from: () => stage.placed(),
      take: (activities, note) => activities.confirmOrder({ ...note, trackingNumber: 'SB-7' }),
      to: ['confirmed', 'authorized', 'booked'],
      event: 'order.confirmed',
    },
    rejectOrder: {
      from: () => stage.placed(),
      take: (activities, note) => activities.rejectOrder(rejectedBy(note)),
      to: ['rejected', 'canceled', 'canceled'],
      event: 'order.rejected',
    },
    cancelOrder: {
      from: () => stage.confirmed(),
      take: (activities, note) => activities.cancelOrder(canceledBy(note)),
      to: ['canceled', 'canceled', 'canceled'],
      event: 'order.canceled',
    },
    dispatchOrder: {
      from: () => stage.confirmed(),
      take: (activities, note) => activities.dispatchOrder(note),
      to: ['confirmed', 'authorized', 'shipped'],
      event: 'order.shipped',
    },
    captureOrder: {
      from: async () => {
        const orderId = await stage.confirmed();
        await stage.activities.dispatchOrder(stage.note(orderId));
        return orderId;
      },
      take: (activities, note) => activities.captureOrder(note),
      to: ['confirmed', 'captured', 'shipped'],
    },
    deliverOrder: {
      from: () => stage.captured(),
      take: (activities, note) => activities.deliverOrder(note),
      to: ['confirmed', 'captured', 'delivered'],
      event: 'order.delivered',
    },
    completeOrder: {
      from: () => stage.delivered(),
      take: (activities, note) => activities.completeOrder(note),
      to: ['completed', 'captured', 'delivered'],
      event: 'order.completed',
    },
  };

  for (const [name, { from, take, to, event }] of Object.entries(STEPS)) {
    it(`${name} moves the order once, however often it is called`, async () => {
      const orderId = await from();
      const note = stage.note(orderId, 'record', 'confirm');
      const before = await stage.requests.getOrder({ orderId });
      const events = await stage.events(orderId);
      const results = await Promise.all([1, 2, 3].map(() => take(stage.activities, note)));
      results.push(await take(stage.activities, note));
      for (const result of results) assert.deepEqual(result, results[0]);
      assert.deepEqual(await stage.statuses(orderId), to);
      assert.equal((await stage.requests.getOrder({ orderId })).version, before.version + 1);
      assert.deepEqual(await stage.events(orderId), [...events, ...(event ? [event] : [])]);
      assert.deepEqual(await stage.steps(orderId), ['record', 'confirm']);
    });

    it(`${name} changes nothing if its history entry or its event cannot be written`, async () => {
      const orderId = await from();
      const note = stage.note(orderId, 'record');
      const before = await stage.requests.getOrder({ orderId });
      const events = await stage.events(orderId);
      for (const [table, key] of event ? [['outbox', 'subject'], HISTORY_WRITTEN] : [HISTORY_WRITTEN]) {
        await withoutRoomFor(orderId, { table: table!, key: key! }, () =>
          assert.rejects(take(stage.activities, note), /no_room/),
        );
        assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
        assert.deepEqual(await stage.events(orderId), events);
        assert.deepEqual(await stage.steps(orderId), []);
      }
      await take(stage.activities, note);
      assert.deepEqual(await stage.statuses(orderId), to);
    });
  }

  const HISTORY_WRITTEN = ['order_history', 'order_id'];

  /** Makes writes for this order to one table fail, like a full disk. */
  async function withoutRoomFor(orderId: string, { table, key }: { table: string; key: string }, work: () => unknown) {
    const owner: Kysely<unknown> = connect(stage.database.ownerUrl, 1);
    const refuse = sql`check (${sql.ref(key)}::text <> ${sql.lit(orderId)}) not valid`;
    await sql`alter table ${sql.table(table)} add constraint no_room ${refuse}`.execute(owner);
    try {
      await work();
    } finally {
      await sql`alter table ${sql.table(table)} drop constraint no_room`.execute(owner);
      await owner.destroy();
    }
  }

  it('publishes nothing if the transaction fails at commit', async () => {
    const owner: Kysely<unknown> = connect(stage.database.ownerUrl, 1);
    await sql`create function lose() returns trigger language plpgsql as $$ begin raise 'lost at commit'; end $$`.execute(
      owner,
    );
    await sql`create constraint trigger lost after update on orders deferrable initially deferred
      for each row execute function lose()`.execute(owner);
    try {
      const { id: orderId } = (await stage.requests.placeOrder(draft())).order;
      await assert.rejects(stage.activities.recordOrder(stage.note(orderId, 'record')), /lost at commit/);
      assert.deepEqual(await stage.events(orderId), []);
      assert.deepEqual(await stage.steps(orderId), []);
      assert.equal((await stage.requests.getOrder({ orderId })).version, 1);
    } finally {
      await sql`drop trigger lost on orders`.execute(owner);
      await owner.destroy();
    }
  });

  it('publishes with each event what happened, and to whose order', async () => {
    const request = draft();
    const orderId = await stage.delivered(request);
    const rows = await stage.database.db
      .selectFrom('outbox')
      .select(['type', 'source', 'data'])
      .where('subject', '=', orderId)
      .orderBy('sequence')
      .execute();
    const { number, returnableUntil } = await stage.requests.getOrder({ orderId });
    const ids = { orderId, customerId: request.customerId, number };
    const lines = request.lines.map(({ sku, quantity }) => ({ sku, quantity }));
    assert.deepEqual(
      rows.map(({ type, data }) => [type, data]),
      [
        ['order.placed', { ...ids, total: request.total }],
        ['order.confirmed', { ...ids, total: request.total, lines }],
        ['order.shipped', { ...ids, trackingNumber: 'SB-1', total: request.total }],
        ['order.delivered', { ...ids, returnableUntil, paymentStatus: 'captured' }],
      ],
    );
    assert.deepEqual([...new Set(rows.map(({ source }) => source))], ['/services/order']);
  });

  it('publishes what became of the money and the goods of an order that was not sold', async () => {
    const left = { paymentStatus: 'requires_action', fulfillmentStatus: 'booked' } as const;
    const canceled = await stage.confirmed();
    await stage.activities.cancelOrder({ ...stage.note(canceled), ...left });
    const rejected = await stage.placed();
    await stage.activities.rejectOrder({ ...rejectedBy(stage.note(rejected)), ...left });
    for (const orderId of [canceled, rejected]) {
      const { data } = await stage.database.db
        .selectFrom('outbox')
        .select('data')
        .where('subject', '=', orderId)
        .orderBy('sequence', 'desc')
        .executeTakeFirstOrThrow();
      assert.partialDeepStrictEqual(data, left);
    }
  });

  it('stores why an order was rejected', async () => {
    const orderId = await stage.placed();
    await stage.activities.rejectOrder(rejectedBy(stage.note(orderId)));
    assert.deepEqual((await stage.requests.getOrder({ orderId })).rejection, rejection);
  });

  it('returns the end of the return window, the same on every repeat', async () => {
    const orderId = await stage.captured();
    const { returnableUntil } = await stage.activities.deliverOrder(stage.note(orderId));
    const days = (Date.parse(returnableUntil!) - Date.now()) / (24 * 60 * 60 * 1000);
    assert.ok(days > 29.9 && days <= 30.01, String(days));
    assert.deepEqual(await stage.activities.deliverOrder(stage.note(orderId)), { returnableUntil });
  });

  const ILLEGAL: Record<string, { from: () => Promise<string>; take: (keyof typeof STEPS)[] }> = {
    'pending order': {
      from: () => stage.placed(),
      take: ['dispatchOrder', 'captureOrder', 'completeOrder'],
    },
    'rejected order': {
      from: async () => {
        const orderId = await stage.placed();
        await stage.activities.rejectOrder(rejectedBy(stage.note(orderId)));
        return orderId;
      },
      take: ['recordOrder', 'confirmOrder', 'cancelOrder', 'dispatchOrder', 'captureOrder', 'completeOrder'],
    },
    'canceled order': {
      from: async () => {
        const orderId = await stage.confirmed();
        await stage.activities.cancelOrder(canceledBy(stage.note(orderId)));
        return orderId;
      },
      take: ['recordOrder', 'confirmOrder', 'rejectOrder', 'dispatchOrder', 'captureOrder', 'completeOrder'],
    },
    'confirmed order': { from: () => stage.confirmed(), take: ['recordOrder', 'rejectOrder'] },
    'dispatched order': { from: () => stage.captured(), take: ['cancelOrder', 'rejectOrder', 'confirmOrder'] },
    'completed order': {
      from: async () => {
        const orderId = await stage.delivered();
        await stage.activities.completeOrder(stage.note(orderId));
        return orderId;
      },
      take: ['confirmOrder', 'rejectOrder', 'cancelOrder', 'dispatchOrder', 'captureOrder', 'deliverOrder'],
    },
  };
  for (const [what, { from, take }] of Object.entries(ILLEGAL)) {
    for (const name of take) {
      it(`${name} does nothing to a ${what}`, async () => {
        const orderId = await from();
        const before = await stage.requests.getOrder({ orderId });
        const events = await stage.events(orderId);
        await STEPS[name]!.take(stage.activities, stage.note(orderId, 'confirm'));
        assert.deepEqual(await stage.requests.getOrder({ orderId }), before);
        assert.deepEqual(await stage.events(orderId), events);
      });
    }
  }

  it('ends canceled when confirmed and canceled at once, with each event at most once', async () => {
    for (let round = 0; round < 5; round++) {
      const orderId = await stage.placed();
      await Promise.all([
        STEPS.confirmOrder!.take(stage.activities, stage.note(orderId)),
        STEPS.cancelOrder!.take(stage.activities, stage.note(orderId)),
      ]);
      assert.deepEqual(await stage.statuses(orderId), ['canceled', 'canceled', 'canceled']);
      const events = await stage.events(orderId);
      assert.equal(new Set(events).size, events.length);
    }
  });
});
