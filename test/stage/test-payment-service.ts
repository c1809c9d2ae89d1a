import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuthorizePayment, PaymentActivities } from '../../activities/payment.ts';
import { createPaymentActivities } from '../../services/payment/activities.ts';
import type { PaymentDatabase, PaymentRow } from '../../services/payment/database.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { type FakeProcessor, createFakeProcessor } from './fake-card-processor.ts';
import { type FreshDatabase, freshDatabase } from './fresh-database.ts';

/** The payment service with its own database and a new fake processor for each test. */
export interface PaymentBench {
  readonly database: FreshDatabase<PaymentDatabase>;
  readonly processor: FakeProcessor;
  readonly payment: PaymentActivities;
  /** The service after a crash: a new object with the same database and the same processor. */
  restarted(): PaymentActivities;
  /** Authorizes and captures a payment; returns the order's id. */
  captured(): Promise<string>;
  paymentOf(orderId: string): Promise<PaymentRow>;
  /** The order's void was refused for good: checkBalances reports it. */
  staysHeld(orderId: string): void;
  /** The types of the order's events, in their order. */
  events(orderId: string): Promise<string[]>;
  /** The keys of the order's effects in the processor's ledger, without the order's id. */
  effects(orderId: string): string[];
}

export const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

/** Of a hold that is placed on a payment method that is not saved, without its holder. */
export const FIRST_USE = { customer: null, save: false, customerMayAct: false, usedBefore: false };

/** A request that every processor accepts. */
export const paymentRequest = (difference: Partial<AuthorizePayment> = {}): AuthorizePayment => ({
  orderId: randomUUID(),
  amount: pounds(1250),
  paymentMethod: 'pm_card_visa',
  ...difference,
});

/** Call it in `describe`. After each test it checks that ledger and payments agree. */
export function paymentBench(): PaymentBench {
  let database: FreshDatabase<PaymentDatabase>;
  let processor: FakeProcessor;
  let payment: PaymentActivities;
  const held: string[] = [];
  before(async function () {
    this.timeout(120_000);
    database = await freshDatabase<PaymentDatabase>('payment');
  });
  beforeEach(() => {
    processor = createFakeProcessor();
    payment = createPaymentActivities({ db: database.db, processor });
  });
  afterEach(async () => {
    const { discrepancies } = await createPaymentRequests({ db: database.db, processor }).checkBalances({});
    const isExpected = (line: string) =>
      held.some((orderId) => line.includes(orderId)) && line.includes(' still held ');
    assert.deepEqual(
      discrepancies.filter((line) => !isExpected(line)),
      [],
    );
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
    staysHeld: (orderId) => void held.push(orderId),
    async events(orderId) {
      const { db } = database;
      const query = db.selectFrom('outbox').select('type').where('subject', '=', orderId).orderBy('sequence');
      return (await query.execute()).map(({ type }) => type);
    },
    effects: (orderId) =>
      processor.ledger.filter((entry) => entry.orderId === orderId).map(({ key }) => key.slice(orderId.length + 1)),
  };
}
