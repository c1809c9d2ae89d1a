import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type RecordMovement, type Shipment, shippingEvents } from '../../../activities/shipping.ts';
import { type ShippingStage, movement, parcelTo, shippingStage } from './test-shipping-service.ts';

type Movement = RecordMovement['type'];

describe('shipping service: several parcels of an order', () => {
  let stage: ShippingStage;

  before(async function () {
    this.timeout(60_000);
    stage = await shippingStage();
  });
  after(() => stage?.close());

  /** The events of an order: each with its parcel. */
  async function eventsOf(orderId: string) {
    const query = stage.database.db.selectFrom('outbox').select(['type', 'data']).where('subject', '=', orderId);
    const rows = await query.orderBy('sequence').execute();
    return rows.map(({ type, data }) => [type.replace('shipment.', ''), (data as Shipment).parcelId]);
  }

  it('are booked, moved and canceled one by one, and the first has the order’s id', async () => {
    const { orderId, address } = parcelTo();
    const [second, third] = [randomUUID(), randomUUID()];
    const first = await stage.shipping.bookShipment({ orderId, address });
    const other = await stage.shipping.bookShipment({ orderId, parcelId: second, address });
    await stage.shipping.bookShipment({ orderId, parcelId: third, address });
    assert.deepEqual(await stage.withoutCarrier.bookShipment({ orderId, parcelId: orderId, address }), first);
    assert.deepEqual(await stage.withoutCarrier.bookShipment({ orderId, parcelId: second, address }), other);

    const moved = await stage.requests.recordMovement(movement(other.trackingNumber, 'dispatched'));
    assert.deepEqual(moved, { orderId, parcelId: second, status: 'dispatched', ...other });
    await stage.shipping.cancelShipment({ orderId, parcelId: third });
    assert.equal((await stage.shipmentOf(orderId))?.status, 'booked');
    assert.equal((await stage.shipmentOf(orderId, second))?.status, 'dispatched');
    assert.equal((await stage.shipmentOf(orderId, third))?.status, 'canceled');
    assert.deepEqual(await eventsOf(orderId), [
      ['booked', orderId],
      ['booked', second],
      ['booked', third],
      ['dispatched', second],
      ['canceled', third],
    ]);
    await assert.rejects(stage.withoutCarrier.bookShipment({ orderId, parcelId: third, address }), { code: 'Undone' });
  });

  it('are the first one where it is named by the order’s id', async () => {
    const { orderId, address } = parcelTo();
    const booking = await stage.shipping.bookShipment({ orderId, parcelId: orderId, address });
    assert.deepEqual(await stage.withoutCarrier.bookShipment({ orderId, address }), booking);
    // As the carrier has it from before.
    assert.deepEqual(await stage.carrier.book({ orderId, address }), booking);
    await stage.shipping.cancelShipment({ orderId, parcelId: orderId });
    await stage.withoutCarrier.cancelShipment({ orderId });
    assert.deepEqual(await stage.carrierLedger(orderId), ['booking', 'cancellation']);
  });

  it('are booked with what the carrier promises, which a repeat returns', async () => {
    const parcel = parcelTo();
    const { promisedBy } = await stage.shipping.bookShipment(parcel);
    const days = (Date.parse(promisedBy!) - Date.now()) / (24 * 60 * 60 * 1000);
    assert.ok(days > 4.9 && days <= 5, String(days));
    assert.equal((await stage.withoutCarrier.bookShipment(parcel)).promisedBy, promisedBy);
    const promisesNothing = stage.withCarrier({ book: async () => ({ trackingNumber: `SB-${randomUUID()}` }) });
    assert.deepEqual(Object.keys(await promisesNothing.bookShipment(parcelTo())), ['trackingNumber']);
  });

  it('are tracked one by one', async () => {
    const { orderId, address } = parcelTo();
    const parcelId = randomUUID();
    await stage.shipping.bookShipment({ orderId, address });
    const { trackingNumber } = await stage.shipping.bookShipment({ orderId, parcelId, address });
    await stage.advance(trackingNumber, 'lost');
    assert.deepEqual(await stage.shipping.trackShipment({ orderId }), { status: 'booked' });
    assert.deepEqual(await stage.shipping.trackShipment({ orderId, parcelId }), { status: 'lost' });
    await stage.advance(trackingNumber);
    assert.deepEqual(await stage.shipping.trackShipment({ orderId, parcelId }), { status: 'delivered' });
    await assert.rejects(stage.shipping.trackShipment({ orderId, parcelId: randomUUID() }), {
      code: 'ShipmentNotFound',
    });
    assert.deepEqual(await eventsOf(orderId), [
      ['booked', orderId],
      ['booked', parcelId],
      ['dispatched', parcelId],
      ['lost', parcelId],
      ['delivered', parcelId],
    ]);
  });

  it('keep reports that come before their bookings are recorded', async () => {
    const { orderId, address } = parcelTo();
    const parcel = { orderId, parcelId: randomUUID(), address };
    await stage.shipping.bookShipment({ orderId, address });
    const trackingNumber = await stage.bookedAtCarrier(parcel);
    for (const type of ['lost', 'delayed'] as const) {
      await assert.rejects(stage.requests.recordMovement(movement(trackingNumber, type)), { code: 'ShipmentNotFound' });
    }
    await stage.shipping.bookShipment(parcel);
    assert.equal((await stage.shipmentOf(orderId, parcel.parcelId))?.status, 'lost');
    assert.equal((await stage.shipmentOf(orderId))?.status, 'booked');
  });

  it('cannot be canceled, and are not, once anything else has happened to them', async () => {
    for (const type of ['delayed', 'lost', 'returned_to_sender'] as const) {
      const parcel = { ...parcelTo(), parcelId: randomUUID() };
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      const { address: _, ...ref } = parcel;
      // The carrier cancels what it has reported.
      await stage.requests.recordMovement(movement(trackingNumber, type));
      await assert.rejects(stage.shipping.cancelShipment(ref), { code: 'CarrierContradicts' });
      assert.equal((await stage.shipmentOf(parcel.orderId, parcel.parcelId))?.status, type);
    }
  });

  describe('movements', () => {
    const types = fc.constantFrom<Movement>('dispatched', 'delayed', 'lost', 'returned_to_sender', 'delivered');
    // A parcel only moves up, and not beyond what is final.
    const RANKS = { booked: 0, dispatched: 1, delayed: 2, lost: 3, returned_to_sender: 4, delivered: 4 };

    it('in any order leave the parcel where it got furthest, with one event for each step that was reported', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(types, { minLength: 1, maxLength: 6 }), async (reports) => {
          const { orderId, address } = parcelTo();
          const parcelId = randomUUID();
          const { trackingNumber } = await stage.shipping.bookShipment({ orderId, parcelId, address });
          let status: keyof typeof RANKS = 'booked';
          const events: string[] = ['booked'];
          for (const type of reports) {
            if (RANKS[type] > RANKS[status]) {
              if (status === 'booked' && type !== 'dispatched') events.push('dispatched');
              events.push(type);
              status = type;
            }
            const { status: recorded } = await stage.requests.recordMovement(movement(trackingNumber, type));
            assert.equal(recorded, status);
          }
          assert.deepEqual(
            await eventsOf(orderId),
            events.map((type) => [type, parcelId]),
          );
        }),
        { numRuns: 40 },
      );
    });

    it('change nothing of a canceled parcel', async () => {
      const parcel = parcelTo();
      const { trackingNumber } = await stage.shipping.bookShipment(parcel);
      await stage.shipping.cancelShipment({ orderId: parcel.orderId });
      for (const type of ['delayed', 'lost', 'returned_to_sender', 'delivered'] as const) {
        assert.equal((await stage.requests.recordMovement(movement(trackingNumber, type))).status, 'canceled');
      }
    });
  });

  it('are not in events from before: these are about the order’s first', () => {
    const orderId = randomUUID();
    const data = { orderId, trackingNumber: 'SB-1' };
    assert.deepEqual(shippingEvents['shipment.booked'].parse(data), { ...data, parcelId: orderId });
    assert.ok(!shippingEvents['shipment.booked'].safeParse(null).success);
  });
});
