import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Counts, startCounting } from '../../bench/studies/bill/counts.ts';
import type { InventoryActivities } from '../../activities/inventory.ts';
import type { PaymentActivities, PaymentRequests } from '../../activities/payment.ts';
import type { ShippingActivities, ShippingRequests } from '../../activities/shipping.ts';
import { createInventoryActivities } from '../../services/inventory/activities.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import { createInventoryRequests } from '../../services/inventory/requests.ts';
import { createPaymentActivities } from '../../services/payment/activities.ts';
import type { PaymentDatabase } from '../../services/payment/database.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { createShippingActivities } from '../../services/shipping/activities.ts';
import type { Carrier } from '../../services/shipping/carrier.ts';
import type { ShippingDatabase } from '../../services/shipping/database.ts';
import { createShippingRequests } from '../../services/shipping/requests.ts';
import { createFakeProcessor } from '../stage/fake-card-processor.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';
import { draft, orderStage } from './order/test-order-service.ts';

/**
 * What each operation of an order asks of PostgreSQL, in statements and in round trips, `begin` and `commit` included.
 * `npm run bench:bill` prints the sums of a whole order, by process.
 */
describe('statements of the services that an order calls', () => {
  let databases: FreshDatabase<unknown>[];
  let inventory: InventoryActivities;
  let payment: PaymentActivities;
  let paymentRequests: PaymentRequests;
  let shipping: ShippingActivities;
  let shippingRequests: ShippingRequests;
  let outcome: Awaited<ReturnType<Carrier['book']>>;
  let sku: string;

  before(async function () {
    this.timeout(120_000);
    const stock = await freshDatabase<InventoryDatabase>('inventory');
    const money = await freshDatabase<PaymentDatabase>('payment');
    const parcels = await freshDatabase<ShippingDatabase>('shipping');
    databases = [stock, money, parcels] as unknown as FreshDatabase<unknown>[];
    inventory = createInventoryActivities(stock.db);
    const dependencies = { db: money.db, processor: createFakeProcessor() };
    payment = createPaymentActivities(dependencies);
    paymentRequests = createPaymentRequests(dependencies);
    shipping = createShippingActivities(parcels.db, {
      book: async () => outcome,
      cancel: async () => ({ trackingNumber: 'trackingNumber' in outcome ? outcome.trackingNumber : null }),
      find: async () => undefined,
    });
    shippingRequests = createShippingRequests(parcels.db);
    sku = `S-${randomUUID()}`;
    const adjustment = { adjustmentId: randomUUID(), sku, delta: 1000, reason: 'counted', adjustedBy: 'admin' };
    await createInventoryRequests(stock.db).adjustStock(adjustment);
  });
  after(() => Promise.all(databases.map((database) => database.drop())));
  beforeEach(() => {
    outcome = { trackingNumber: `SB-${randomUUID()}` };
  });

  const address = { name: 'Ada', line1: '1 Mill Lane', city: 'London', postalCode: 'SW1A 1AA', country: 'GB' };
  const amount = { amountMinor: 1250, currency: 'GBP' };

  /** Counts what `work` does. A refusal is an outcome. */
  async function costOf(work: () => Promise<unknown>): Promise<Pick<Counts, 'statements' | 'roundTrips'>> {
    const { counts, stop } = startCounting();
    try {
      await work().catch((error: Error) => assert.equal(error.name, 'Refusal', String(error)));
    } finally {
      stop();
    }
    return { statements: counts.statements, roundTrips: counts.roundTrips };
  }
  const single = (statements: number) => ({ statements, roundTrips: statements });

  describe('order', () => {
    const orders = orderStage();
    const note = (orderId: string) => orders.note(orderId, 'record');

    it('stores a draft, records, confirms and rejects an order in one statement each', async () => {
      const [confirmed, rejected] = [draft(), draft()];
      for (const request of [confirmed, rejected]) {
        assert.deepEqual(await costOf(() => orders.requests.placeOrder(request)), single(1));
        assert.deepEqual(await costOf(() => orders.activities.recordOrder(note(request.orderId))), single(1));
      }
      const confirm = { ...note(confirmed.orderId), trackingNumber: 'SB-1' };
      assert.deepEqual(await costOf(() => orders.activities.confirmOrder(confirm)), single(1));
      const why = { rejection: { code: 'CardDeclined', detail: 'no money' } } as const;
      const left = { paymentStatus: 'not_paid', fulfillmentStatus: 'not_fulfilled' } as const;
      const reject = { ...note(rejected.orderId), ...why, ...left };
      assert.deepEqual(await costOf(() => orders.activities.rejectOrder(reject)), single(1));
      assert.deepEqual(await orders.statuses(rejected.orderId), ['rejected', 'not_paid', 'not_fulfilled']);
    });
  });

  describe('inventory', () => {
    const order = (quantity = 1) => ({ orderId: randomUUID(), lines: [{ sku, quantity }] });

    it('reserves in one statement, for any number of lines', async () => {
      assert.deepEqual(await costOf(() => inventory.reserveStock(order())), single(1));
      const lines = Array.from({ length: 50 }, () => ({ sku, quantity: 1 }));
      assert.deepEqual(await costOf(() => inventory.reserveStock({ orderId: randomUUID(), lines })), single(1));
    });

    it('repeats a reservation in two, and refuses one in three', async () => {
      const wanted = order();
      await inventory.reserveStock(wanted);
      assert.deepEqual(await costOf(() => inventory.reserveStock(wanted)), single(2));
      assert.deepEqual(await costOf(() => inventory.reserveStock(order(100_000))), single(3));
    });

    it('releases and commits in one transaction', async () => {
      const [released, committed] = [order(), order()];
      await inventory.reserveStock(released);
      await inventory.reserveStock(committed);
      assert.deepEqual(await costOf(() => inventory.releaseStock(released)), { statements: 4, roundTrips: 6 });
      assert.deepEqual(await costOf(() => inventory.releaseStock(order())), { statements: 1, roundTrips: 3 });
      assert.deepEqual(await costOf(() => inventory.commitStock(committed)), { statements: 4, roundTrips: 6 });
    });
  });

  describe('payment', () => {
    const request = (paymentMethod = 'pm_card_visa') => ({
      orderId: randomUUID(),
      customerId: randomUUID() as string,
      amount,
      paymentMethod,
    });

    it('authorizes in one statement before and one after the call of the processor', async () => {
      assert.deepEqual(await costOf(() => payment.authorizePayment(request())), single(2));
    });

    it('saves a payment method, or charges a saved one, in a transaction instead of the first statement', async () => {
      const customerId = randomUUID();
      const saving = () => ({ ...request(), customerId, savePaymentMethod: true });
      // The user's customer is found before, and stored the first time.
      assert.deepEqual(await costOf(() => payment.authorizePayment(saving())), { statements: 8, roundTrips: 10 });
      assert.deepEqual(await costOf(() => payment.authorizePayment(saving())), { statements: 7, roundTrips: 9 });
      const { items } = await paymentRequests.listPaymentMethods({ userId: customerId, limit: 1 });
      const paying = { ...request(items[0]!.id), customerId };
      assert.deepEqual(await costOf(() => payment.authorizePayment(paying)), { statements: 7, roundTrips: 9 });
    });

    it('records a declined card in as many', async () => {
      assert.deepEqual(await costOf(() => payment.authorizePayment(request('pm_card_chargeDeclined'))), single(2));
    });

    it('captures in as many, and voids in one more: it first looks for a capture that is under way', async () => {
      const [captured, voided, declined] = [request(), request(), request('pm_card_chargeDeclined')];
      await payment.authorizePayment(captured);
      await payment.authorizePayment(voided);
      await assert.rejects(payment.authorizePayment(declined), { code: 'CardDeclined' });
      assert.deepEqual(await costOf(() => payment.capturePayment({ orderId: captured.orderId })), single(2));
      for (const { orderId } of [voided, declined, request()]) {
        assert.deepEqual(await costOf(() => payment.voidPayment({ orderId })), single(3));
      }
    });

    it('refunds in one transaction and a statement', async () => {
      const refunded = request();
      await payment.authorizePayment(refunded);
      await payment.capturePayment({ orderId: refunded.orderId });
      const refund = () => payment.refundPayment({ orderId: refunded.orderId, refundId: randomUUID(), amount });
      assert.deepEqual(await costOf(refund), { statements: 4, roundTrips: 6 });
    });
  });

  describe('shipping', () => {
    const parcel = () => ({ orderId: randomUUID(), address });

    it('looks a booking up in one statement, and records it in one', async () => {
      const booked = parcel();
      assert.deepEqual(await costOf(() => shipping.bookShipment(booked)), single(2));
      assert.deepEqual(await costOf(() => shipping.bookShipment(booked)), single(1));
    });

    it('records a refused booking in as many', async () => {
      outcome = { refused: 'AddressUndeliverable', detail: 'no such place' };
      assert.deepEqual(await costOf(() => shipping.bookShipment(parcel())), single(2));
    });

    it('cancels and records a movement in one transaction each', async () => {
      const [canceled, moved] = [parcel(), parcel()];
      await shipping.bookShipment(canceled);
      assert.deepEqual(await costOf(() => shipping.cancelShipment(canceled)), { statements: 5, roundTrips: 7 });
      outcome = { trackingNumber: `SB-${randomUUID()}` };
      const { trackingNumber } = await shipping.bookShipment(moved);
      const report = {
        movementId: randomUUID(),
        trackingNumber,
        type: 'dispatched' as const,
        at: '2026-11-23T10:00:00Z',
      };
      assert.deepEqual(await costOf(() => shippingRequests.recordMovement(report)), { statements: 3, roundTrips: 5 });
    });
  });
});
