import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';
import { type ShippingStage, movement, parcelTo, shippingStage } from './test-shipping-service.ts';

describe('shipping service: booking and cancelling', () => {
  let stage: ShippingStage;

  before(async function () {
    this.timeout(60_000);
    stage = await shippingStage();
  });
  after(() => stage?.close());

  describe('bookShipment', () => {
    it('books one parcel, and repeats the response without calling the carrier', async () => {
      const parcel = parcelTo();
      const booking = await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.withoutCarrier.bookShipment(parcel), booking);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.shipmentOf(parcel.orderId), {
        status: 'booked',
        tracking_number: booking.trackingNumber,
      });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('books a parcel to a country without postal codes', async () => {
      const { orderId, address } = parcelTo();
      const { postalCode: _, ...rest } = address;
      const { trackingNumber } = await stage.shipping.bookShipment({ orderId, address: { ...rest, country: 'HK' } });
      assert.ok(trackingNumber);
      assert.deepEqual(await stage.carrierLedger(orderId), ['booking']);
    });

    it('refuses an undeliverable address, the second time without calling the carrier', async () => {
      const parcel = parcelTo('00000');
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'Refusal', code: 'AddressUndeliverable' });
      await assert.rejects(stage.withoutCarrier.bookShipment(parcel), {
        name: 'Refusal',
        code: 'AddressUndeliverable',
      });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), []);
      assert.equal(await stage.shipmentOf(parcel.orderId), undefined);
      assert.deepEqual(await stage.events(parcel.orderId), []);
    });

    it('treats a missing response as a fault, and finds the booked parcel on retry', async () => {
      const parcel = parcelTo('00408');
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'CarrierFault' });
      assert.equal(await stage.shipmentOf(parcel.orderId), undefined);
      await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('treats an unavailable carrier as a fault', async () => {
      const parcel = parcelTo('00503');
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'CarrierFault' });
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'CarrierFault' });
      await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
    });

    it('treats an unexpected response as a fault, and records nothing', async () => {
      const parcel = parcelTo();
      await stage.carrier.book(parcel);
      const elsewhere = { ...parcel, address: parcelTo('EH1 1YZ').address };
      // The carrier also responds with 422 here, but for another reason.
      await assert.rejects(stage.shipping.bookShipment(elsewhere), {
        name: 'CarrierFault',
        message: /IdempotencyKeyReused/,
      });
      await stage.shipping.bookShipment(parcel);
    });

    it('continues after a crash between the booking and recording it', async () => {
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
      assert.deepEqual(await stage.shipmentOf(parcel.orderId), { status: 'booked', tracking_number: trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('books one parcel for ten concurrent requests', async () => {
      const parcel = parcelTo();
      const responses = await Promise.all(Array.from({ length: 10 }, () => stage.shipping.bookShipment(parcel)));
      assert.equal(new Set(responses.map(({ trackingNumber }) => trackingNumber)).size, 1);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking']);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('keeps neither booking nor event if the transaction fails after the event was written', async () => {
      const parcel = parcelTo();
      const owner = connect<unknown>(stage.database.ownerUrl, 1);
      await sql`create function fail() returns trigger language plpgsql as
        $$ begin raise exception 'failed after the event'; end $$`.execute(owner);
      await sql`create trigger fail after insert on outbox for each row
        when (new.subject = ${sql.lit(parcel.orderId)}) execute function fail()`.execute(owner);
      await assert.rejects(stage.shipping.bookShipment(parcel), /failed after the event/);
      assert.equal(await stage.shipmentOf(parcel.orderId), undefined);
      assert.deepEqual(await stage.events(parcel.orderId), []);
      await sql`drop trigger fail on outbox`.execute(owner);
      await owner.destroy();
      await stage.shipping.bookShipment(parcel);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });
  });

  describe('cancelShipment', () => {
    it('cancels the parcel once, the second time without calling the carrier', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.shipping.cancelShipment(parcel);
      await stage.withoutCarrier.cancelShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking', 'cancellation']);
      assert.deepEqual(await stage.shipmentOf(parcel.orderId), { status: 'canceled', tracking_number: trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'canceled']);
      await assert.rejects(stage.withoutCarrier.bookShipment(parcel), { code: 'Undone' });
    });

    it('prevents a late booking, here and at the carrier, and publishes no event', async () => {
      const parcel = parcelTo();
      await stage.shipping.cancelShipment(parcel);
      await assert.rejects(stage.shipping.bookShipment(parcel), { name: 'Refusal', code: 'Undone' });
      // Like a request that was under way all along.
      assert.deepEqual(await stage.carrier.book(parcel), { refused: 'Canceled', detail: 'this parcel was canceled' });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), []);
      assert.deepEqual(await stage.shipmentOf(parcel.orderId), { status: 'canceled', tracking_number: null });
      assert.deepEqual(await stage.events(parcel.orderId), []);
    });

    it('cancels a booking that we never recorded', async () => {
      const parcel = parcelTo();
      const trackingNumber = await stage.bookedAtCarrier(parcel);
      await stage.shipping.cancelShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking', 'cancellation']);
      assert.deepEqual(await stage.shipmentOf(parcel.orderId), { status: 'canceled', tracking_number: trackingNumber });
      assert.deepEqual(await stage.events(parcel.orderId), ['canceled']);
      await assert.rejects(stage.shipping.bookShipment(parcel), { code: 'Undone' });
    });

    it('wins over a booking whose response arrives late', async () => {
      const parcel = parcelTo();
      const overtaken = stage.withCarrier({
        async book(request) {
          const outcome = await stage.carrier.book(request);
          await stage.shipping.cancelShipment(parcel);
          return outcome;
        },
      });
      await assert.rejects(overtaken.bookShipment(parcel), { code: 'Undone' });
      assert.equal((await stage.carrier.find(parcel))?.status, 'canceled');
      assert.equal((await stage.shipmentOf(parcel.orderId))?.status, 'canceled');
      assert.deepEqual(await stage.events(parcel.orderId), ['canceled']);
    });

    it('prevents a booking between the carrier’s response and recording it', async () => {
      const parcel = parcelTo();
      const overtaken = stage.withCarrier({
        async cancel(canceled) {
          const outcome = await stage.carrier.cancel(canceled);
          await assert.rejects(stage.shipping.bookShipment(parcel), { code: 'Undone' });
          return outcome;
        },
      });
      await overtaken.cancelShipment(parcel);
      await assert.rejects(stage.withoutCarrier.bookShipment(parcel), { code: 'Undone' });
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), []);
    });

    it('continues after a crash between the cancellation and recording it', async () => {
      const parcel = parcelTo();
      await stage.shipping.bookShipment(parcel);
      const dying = stage.withCarrier({
        async cancel(canceled) {
          await stage.carrier.cancel(canceled);
          throw new Error('died');
        },
      });
      await assert.rejects(dying.cancelShipment(parcel), { message: 'died' });
      await stage.shipping.cancelShipment(parcel);
      assert.deepEqual(await stage.carrierLedger(parcel.orderId), ['booking', 'cancellation']);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'canceled']);
    });

    it('refuses permanently after dispatch, the second time without calling the carrier', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.advance(trackingNumber);
      await assert.rejects(stage.shipping.cancelShipment(parcel), { name: 'Refusal', code: 'AlreadyDispatched' });
      await assert.rejects(stage.withoutCarrier.cancelShipment(parcel), { name: 'Refusal', code: 'AlreadyDispatched' });
      assert.equal((await stage.withoutCarrier.bookShipment(parcel)).trackingNumber, trackingNumber);
      assert.deepEqual(await stage.events(parcel.orderId), ['booked']);
    });

    it('leaves nothing booked after concurrent bookings and cancellations', async () => {
      const parcel = parcelTo();
      await Promise.allSettled(
        Array.from({ length: 5 }, () => [
          stage.shipping.bookShipment(parcel),
          stage.shipping.cancelShipment(parcel),
        ]).flat(),
      );
      assert.notEqual((await stage.carrier.find(parcel))?.status, 'booked');
      assert.equal((await stage.shipmentOf(parcel.orderId))?.status, 'canceled');
      const events = await stage.events(parcel.orderId);
      assert.equal(new Set(events).size, events.length);
      await assert.rejects(stage.withoutCarrier.bookShipment(parcel), { code: 'Undone' });
    });

    it('records nothing if the carrier cancels a parcel that it reported as dispatched', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.requests.recordMovement(movement(trackingNumber, 'dispatched'));
      await assert.rejects(stage.shipping.cancelShipment(parcel));
      assert.equal((await stage.shipmentOf(parcel.orderId))?.status, 'dispatched');
      assert.deepEqual(await stage.events(parcel.orderId), ['booked', 'dispatched']);
    });
  });
});
