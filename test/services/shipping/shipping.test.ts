import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';
import { type ShippingStage, news, parcelTo, shippingStage } from './test-shipping-service.ts';

describe('shipping service: booking and cancelling', () => {
  let stage: ShippingStage;

  before(async function () {
    this.timeout(60_000);
    stage = await shippingStage();
  });
  after(() => stage?.close());

  describe('bookShipment', () => {
    it('books one parcel, and hands the answer back on repeat without asking the carrier', async () => {
      const parcel = parcelTo();
      const booking = await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.settled.bookShipment(parcel), booking);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.bookOf(parcel.orderId), {
        status: 'booked',
        tracking_number: booking.trackingNumber,
      });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('refuses an undeliverable address, the second time without asking the carrier', async () => {
      const parcel = parcelTo('00000');
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'Refusal', code: 'AddressUndeliverable' });
      await assert.rejects(stage.settled.bookShipment(parcel), { name: 'Refusal', code: 'AddressUndeliverable' });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), []);
      assert.equal(await stage.bookOf(parcel.orderId), undefined);
      assert.deepEqual(await stage.events(parcel.orderId), []);
    });

    it('takes a missing answer for a fault, and finds the parcel booked when it asks again', async () => {
      const parcel = parcelTo('00408');
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'CarrierFault' });
      assert.equal(await stage.bookOf(parcel.orderId), undefined);
      await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('takes a carrier out of order for a fault', async () => {
      const parcel = parcelTo('00503');
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'CarrierFault' });
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'CarrierFault' });
      await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
    });

    it('takes an answer it does not know for a fault, and settles nothing', async () => {
      const parcel = parcelTo();
      await stage.carrier.book(parcel);
      const elsewhere = { ...parcel, address: parcelTo('EH1 1YZ').address };
      // The carrier answers 422 here too, and means something else by it.
      await assert.rejects(stage.shipping.bookShipment(elsewhere), {
        name: 'CarrierFault',
        message: /IdempotencyKeyReused/,
      });
      await stage.shipping.bookShipment(parcel);
    });

    it('carries on where it died between the booking and writing it down', async () => {
      const parcel = parcelTo();
      const dying = stage.withCarrier({
        async book(request) {
          await stage.carrier.book(request);
          throw new Error('died');
        },
      });
      await assert.rejects(dying.bookShipment(parcel), { message: 'died' });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.bookOf(parcel.orderId), { status: 'booked', tracking_number: trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('converges where ten ask at once', async () => {
      const parcel = parcelTo();
      const answers = await Promise.all(Array.from({ length: 10 }, () => stage.shipping.bookShipment(parcel)));
      assert.equal(new Set(answers.map(({ trackingNumber }) => trackingNumber)).size, 1);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('keeps neither booking nor event where the transaction fails after the event was written', async () => {
      const parcel = parcelTo();
      const owner = connect<unknown>(stage.database.ownerUrl, 1);
      // The answer is stored after the event; failing there must take the event back.
      await sql`create function fail() returns trigger language plpgsql as
        $$ begin raise exception 'failed after the event'; end $$`.execute(owner);
      await sql`create trigger fail before update of answer on effects for each row
        when (new.subject = ${sql.lit(parcel.orderId)}) execute function fail()`.execute(owner);
      await assert.rejects(stage.shipping.bookShipment(parcel), /failed after the event/);
      assert.equal(await stage.bookOf(parcel.orderId), undefined);
      assert.deepEqual(await stage.events(parcel.orderId), []);
      await sql`drop trigger fail on effects`.execute(owner);
      await owner.destroy();
      await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });
  });

  describe('cancelShipment', () => {
    it('cancels the parcel once, and the second time does not ask the carrier', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.shipping.cancelShipment(parcel);
      await stage.settled.cancelShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking', 'cancellation']);
      assert.deepEqual(await stage.bookOf(parcel.orderId), { status: 'canceled', tracking_number: trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'canceled']);
      await assert.rejects(stage.settled.bookShipment(parcel), { code: 'Undone' });
    });

    it('keeps a late booking out, here and at the carrier, and tells of nothing', async () => {
      const parcel = parcelTo();
      await stage.shipping.cancelShipment(parcel);
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'Refusal', code: 'Undone' });
      // As a request would that was on its way all along.
      assert.deepEqual(await stage.carrier.book(parcel), { refused: 'Canceled', detail: 'this order was canceled' });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), []);
      assert.deepEqual(await stage.bookOf(parcel.orderId), { status: 'canceled', tracking_number: null });
      assert.deepEqual(await stage.events(parcel.orderId), []);
    });

    it('cancels what the carrier booked and we never wrote down', async () => {
      const parcel = parcelTo();
      const trackingNumber = await stage.bookedAtCarrier(parcel);
      await stage.shipping.cancelShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking', 'cancellation']);
      assert.deepEqual(await stage.bookOf(parcel.orderId), { status: 'canceled', tracking_number: trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['canceled']);
      await assert.rejects(stage.shipping.bookShipment(parcel), { code: 'Undone' });
    });

    it('wins over a booking whose answer was on its way meanwhile', async () => {
      const parcel = parcelTo();
      const overtaken = stage.withCarrier({
        async book(request) {
          const outcome = await stage.carrier.book(request);
          await stage.shipping.cancelShipment(parcel);
          return outcome;
        },
      });
      await assert.rejects(overtaken.bookShipment(parcel), { code: 'Undone' });
      assert.equal((await stage.carrier.find(parcel.orderId))?.status, 'canceled');
      assert.equal((await stage.bookOf(parcel.orderId))?.status, 'canceled');
      assert.deepEqual(await stage.events(parcel.orderId), ['canceled']);
    });

    it('keeps out a booking that comes between the carrier’s answer and writing it down', async () => {
      const parcel = parcelTo();
      const overtaken = stage.withCarrier({
        async cancel(orderId) {
          const outcome = await stage.carrier.cancel(orderId);
          await assert.rejects(stage.shipping.bookShipment(parcel), { code: 'Undone' });
          return outcome;
        },
      });
      await overtaken.cancelShipment(parcel);
      await assert.rejects(stage.settled.bookShipment(parcel), { code: 'Undone' });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), []);
    });

    it('carries on where it died between the cancellation and writing it down', async () => {
      const parcel = parcelTo();
      await stage.shipping.bookShipment(parcel);
      const dying = stage.withCarrier({
        async cancel(orderId) {
          await stage.carrier.cancel(orderId);
          throw new Error('died');
        },
      });
      await assert.rejects(dying.cancelShipment(parcel), { message: 'died' });
      await stage.shipping.cancelShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking', 'cancellation']);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'canceled']);
    });

    it('refuses for good what was dispatched, the second time without asking the carrier', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.advance(trackingNumber);
      await assert.rejects(stage.shipping.cancelShipment(parcel), { name: 'Refusal', code: 'AlreadyDispatched' });
      await assert.rejects(stage.settled.cancelShipment(parcel), { name: 'Refusal', code: 'AlreadyDispatched' });
      assert.deepEqual(await stage.settled.bookShipment(parcel), { trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('converges with bookings and cancellations at once on nothing booked', async () => {
      const parcel = parcelTo();
      await Promise.allSettled(
        Array.from({ length: 5 }, () => [
          stage.shipping.bookShipment(parcel),
          stage.shipping.cancelShipment(parcel),
        ]).flat(),
      );
      assert.notEqual((await stage.carrier.find(parcel.orderId))?.status, 'booked');
      assert.equal((await stage.bookOf(parcel.orderId))?.status, 'canceled');
      const told = await stage.events(parcel.orderId);
      assert.equal(new Set(told).size, told.length);
      await assert.rejects(stage.settled.bookShipment(parcel), { code: 'Undone' });
    });

    it('writes nothing where a carrier cancels what it had told us it dispatched', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.requests.recordMovement(news(trackingNumber, 'dispatched'));
      await assert.rejects(stage.shipping.cancelShipment(parcel));
      assert.equal((await stage.bookOf(parcel.orderId))?.status, 'dispatched');
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched']);
    });
  });
});
