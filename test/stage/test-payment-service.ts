import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuthorizePayment, PaymentActivities } from '../../activities/payment.ts';
import { createPaymentActivities } from '../../services/payment/activities.ts';
import type { Payment, PaymentDatabase } from '../../services/payment/database.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { type FakeProcessor, createFakeProcessor } from './fake-card-processor.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

/** The payment service on a database of its own and a fake processor that is new for each test. */
export interface PaymentBench {
  readonly database: FreshDatabase<PaymentDatabase>;
  readonly processor: FakeProcessor;
  readonly payment: PaymentActivities;
  /** As after a crash: another service object, the same database, the same outside world. */
  restarted(): PaymentActivities;
  /** Authorizes and captures; answers with the order's id. */
  captured(): Promise<string>;
  paymentOf(orderId: string): Promise<Payment>;
  /** Types of the events told of an order, in order. */
  events(orderId: string): Promise<string[]>;
  /** Keys of the effects the processor has in its ledger for an order, without the order's id. */
  effects(orderId: string): string[];
}

export const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

/** A payment that any processor agrees to. */
export const paymentRequest = (difference: Partial<AuthorizePayment> = {}): AuthorizePayment => ({
  orderId: randomUUID(),
  amount: pounds(1250),
  paymentMethod: 'pm_card_visa',
  ...difference,
});

/** To be called in a `describe`. After each of its tests, whatever it did, ledger and payments must agree. */
export function paymentBench(): PaymentBench {
  let database: FreshDatabase<PaymentDatabase>;
  let processor: FakeProcessor;
  let payment: PaymentActivities;
  before(async function () {
    this.timeout(120_000);
    database = await freshDatabase<PaymentDatabase>('payment');
  });
  beforeEach(() => {
    processor = createFakeProcessor();
    payment = createPaymentActivities({ db: database.db, processor });
  });
  afterEach(async () => {
    const { discrepancies } = await createPaymentRequests(database.db).checkBalances({});
    assert.deepEqual(discrepancies, []);
  });
  after(() => database.drop());

  return {
    get database() {
      return database;
    },
    get processor() {
      return processor;
    },
    get payment() {
      return payment;
    },
    restarted: () => createPaymentActivities({ db: database.db, processor }),
    async captured() {
      const request = paymentRequest();
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId: request.orderId });
      return request.orderId;
    },
    paymentOf: (orderId) =>
      database.db.selectFrom('payments').selectAll().where('order_id', '=', orderId).executeTakeFirstOrThrow(),
    async events(orderId) {
      const { db } = database;
      const told = db.selectFrom('outbox').select('type').where('subject', '=', orderId).orderBy('sequence');
      return (await told.execute()).map(({ type }) => type);
    },
    effects: (orderId) =>
      processor.ledger.filter((entry) => entry.orderId === orderId).map(({ key }) => key.slice(orderId.length + 1)),
  };
}
