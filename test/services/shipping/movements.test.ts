import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { RecordMovement, type Shipment } from '../../../activities/shipping.ts';
import { connect } from '../../../platform/database/connection.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import type { ShippingDatabase } from '../../../services/shipping/database.ts';
import { waitingForLocks } from '../../stage/waiting-for-locks.ts';
import { type ShippingStage, movement, parcelTo, shippingStage } from './test-shipping-service.ts';

describe('shipping service: movements', () => {
  let stage: ShippingStage;

  before(async function () {
    this.timeout(60_000);
    stage = await shippingStage();
  });
  after(() => stage?.close());

  describe('trackShipment', () => {
    it('asks the carrier and records how far the parcel has got', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.shipping.trackShipment(parcel), { status: 'booked' });
      await stage.advance(trackingNumber);
      await stage.advance(trackingNumber);
      assert.deepEqual(await stage.shipping.trackShipment(parcel), { status: 'delivered' });
      assert.deepEqual(await stage.shipping.trackShipment(parcel), { status: 'delivered' });
      assert.equal((await stage.shipmentOf(parcel.orderId))?.status, 'delivered');
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched', 'delivered']);
    });

    it('records a movement once when several requests find it at the same time', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.advance(trackingNumber);
      const owner = connect<ShippingDatabase>(stage.database.ownerUrl, 1);
      let tracked: Promise<unknown> | undefined;
      // Holds the row until all requests wait for its lock.
      await owner.transaction().execute(async (transaction) => {
        await sql`select 1 from shipments where order_id = ${parcel.orderId} for update`.execute(transaction);
        tracked = Promise.all([1, 2, 3].map(() => stage.shipping.trackShipment(parcel)));
        await waitingForLocks(transaction, 3);
      });
      await tracked;
      await owner.destroy();
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched']);
    });

    it('refuses an order without a parcel, and reports one that was canceled before booking', async () => {
      const parcel = parcelTo();
      await assert.rejects(stage.shipping.trackShipment(parcel), { name: 'Refusal', code: 'ShipmentNotFound' });
      await stage.shipping.cancelShipment(parcel);
      assert.deepEqual(await stage.shipping.trackShipment(parcel), { status: 'canceled' });
    });

    it('returns the carrier’s status when our booking is not recorded yet', async () => {
      const parcel = parcelTo();
      const trackingNumber = await stage.bookedAtCarrier(parcel);
      await stage.advance(trackingNumber);
      assert.deepEqual(await stage.shipping.trackShipment(parcel), { status: 'dispatched' });
      await stage.shipping.bookShipment(parcel);
      await stage.shipping.trackShipment(parcel);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched']);
    });
  });

  describe('recordMovement', () => {
    it('records the same movement once, however often it is reported', async () => {
      const parcel = parcelTo();
      const { orderId } = parcel;
      const booking = await stage.shipping.bookShipment(parcel);
      const dispatched = movement(booking.trackingNumber, 'dispatched');
      const responses = await Promise.all([1, 2, 3].map(() => stage.requests.recordMovement(dispatched)));
      for (const response of responses) {
        assert.deepEqual(response, { orderId, parcelId: orderId, ...booking, status: 'dispatched' });
      }
      assert.deepEqual(await stage.events(orderId), ['booked', 'dispatched']);
    });

    it('records each parcel and each movement that the carrier reports under one id', async () => {
      const [first, second] = [parcelTo(), parcelTo()];
      const movementId = randomUUID();
      const booked = await stage.shipping.bookShipment(first);
      const other = await stage.shipping.bookShipment(second);
      for (const { trackingNumber } of [booked, other, booked]) {
        const report = movement(trackingNumber, 'dispatched', movementId);
        const { status, ...shipment } = await stage.requests.recordMovement(report);
        assert.deepEqual([shipment.trackingNumber, status], [trackingNumber, 'dispatched']);
      }
      const delivered = movement(booked.trackingNumber, 'delivered', movementId);
      assert.equal((await stage.requests.recordMovement(delivered)).status, 'delivered');
      assert.deepEqual(await stage.events(first.orderId), ['booked', 'dispatched', 'delivered']);
      assert.deepEqual(await stage.events(second.orderId), ['booked', 'dispatched']);
    });

    it('treats a delivery reported before its dispatch as both, and never moves a parcel back', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      assert.equal((await stage.requests.recordMovement(movement(trackingNumber, 'delivered'))).status, 'delivered');
      assert.equal((await stage.requests.recordMovement(movement(trackingNumber, 'dispatched'))).status, 'delivered');
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched', 'delivered']);
    });

    it('keeps a movement that arrives before the booking is recorded', async () => {
      const parcel = parcelTo();
      const trackingNumber = await stage.bookedAtCarrier(parcel);
      const dispatched = movement(trackingNumber, 'dispatched');
      await assert.rejects(stage.requests.recordMovement(dispatched), { name: 'Refusal', code: 'ShipmentNotFound' });
      await stage.shipping.bookShipment(parcel);
      assert.equal((await stage.shipmentOf(parcel.orderId))?.status, 'dispatched');
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched']);
      // The carrier repeats its report until it is accepted: by then we know whose parcel it is.
      assert.equal((await stage.requests.recordMovement(dispatched)).orderId, parcel.orderId);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched']);
    });

    it('applies a movement that arrives while the booking is being recorded when the carrier repeats it', async () => {
      const parcel = parcelTo();
      const { orderId } = parcel;
      const dispatched = movement(await stage.bookedAtCarrier(parcel), 'dispatched');
      const owner = connect<ShippingDatabase>(stage.database.ownerUrl, 1);
      const holding = Promise.withResolvers<unknown>();
      // Holds the key of the booking, so that its statement has begun but cannot go on.
      const held = owner.transaction().execute(async (transaction) => {
        await sql`insert into effects (subject, step, state) values (${orderId}, 'book', 'done')`.execute(transaction);
        const booking = stage.shipping.bookShipment(parcel);
        await waitingForLocks(transaction, 1);
        await assert.rejects(stage.requests.recordMovement(dispatched), { code: 'ShipmentNotFound' });
        holding.resolve(booking);
        throw new Error('released');
      });
      await assert.rejects(held, /released/);
      await holding.promise;
      await owner.destroy();
      assert.deepEqual(await stage.events(orderId), ['booked']);
      assert.equal((await stage.requests.recordMovement(dispatched)).status, 'dispatched');
      assert.deepEqual(await stage.events(orderId), ['booked', 'dispatched']);
    });

    it('leaves a canceled parcel canceled', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.shipping.cancelShipment(parcel);
      assert.equal((await stage.requests.recordMovement(movement(trackingNumber, 'dispatched'))).status, 'canceled');
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'canceled']);
    });

    it('does not let the service rewrite recorded movements', async () => {
      await assert.rejects(
        sql`update movements set type = 'delivered'`.execute(stage.database.db),
        /permission denied/,
      );
      await assert.rejects(sql`delete from movements`.execute(stage.database.db), /permission denied/);
    });
  });

  it('are stored at their time, whatever the offset that it was sent with', async () => {
    const { trackingNumber } = await stage.shipping.bookShipment(parcelTo());
    const report = RecordMovement.parse({
      ...movement(trackingNumber, 'dispatched'),
      at: '2026-01-05T19:30:00.5+05:30',
    });
    await stage.requests.recordMovement(report);
    const { at } = await stage.database.db
      .selectFrom('movements')
      .select('at')
      .where('movement_id', '=', report.movementId)
      .executeTakeFirstOrThrow();
    assert.equal(at.toISOString(), '2026-01-05T14:00:00.500Z');
  });

  describe('listBooks', () => {
    it('pages through the shipments of every order by ascending order id and parcel id, and splits none', async () => {
      const parcel = parcelTo();
      const booking = await stage.shipping.bookShipment(parcel);
      for (let index = 0; index < 4; index++) {
        await stage.shipping.bookShipment({ ...parcel, parcelId: randomUUID() });
      }
      const seen: Shipment[] = [];
      let after: string | undefined;
      do {
        const page = await stage.requests.listBooks({ limit: 3, ...(after !== undefined && { after }) });
        assert.ok(new Set(page.items.map(({ orderId }) => orderId)).size <= 3);
        assert.ok(!page.items.some(({ orderId }) => seen.some((other) => other.orderId === orderId)));
        seen.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined);
      const { count } = await stage.database.db
        .selectFrom('shipments')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      assert.equal(seen.length, count);
      const ids = seen.map(({ orderId, parcelId }) => `${orderId} ${parcelId}`);
      assert.deepEqual(ids, ids.toSorted());
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(seen.filter(({ orderId }) => orderId === parcel.orderId).length, 5);
      assert.deepEqual(
        seen.find(({ parcelId }) => parcelId === parcel.orderId),
        { orderId: parcel.orderId, parcelId: parcel.orderId, status: 'booked', ...booking },
      );
    });

    it('refuses a cursor that it did not issue', async () => {
      for (const after of ['nonsense', encodeCursor(['not-an-id']), encodeCursor([randomUUID(), 'x'])]) {
        await assert.rejects(stage.requests.listBooks({ limit: 2, after }), { code: 'BadCursor' });
      }
    });
  });
});
