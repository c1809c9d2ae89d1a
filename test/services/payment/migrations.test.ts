import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { PaymentActivities } from '../../../activities/payment.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import type { PaymentDatabase } from '../../../services/payment/database.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { type FakeProcessor, createFakeProcessor } from '../../stage/fake-card-processor.ts';
import type { FreshDatabase } from '../../stage/fresh-database.ts';
import { upgradedDatabase } from '../../stage/upgraded-database.ts';
import { FIRST_USE, pounds } from '../../stage/test-payment-service.ts';

describe('payments of a version that held an order once and captured it whole', () => {
  let database: FreshDatabase<PaymentDatabase>;
  let processor: FakeProcessor;
  let payment: PaymentActivities;
  const [held, capturing, captured, voided] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

  before(async function () {
    this.timeout(120_000);
    database = await upgradedDatabase('payment', '003_settle_refunds_by_hand', async (owner) => {
      await sql`
        insert into payments (order_id, status, undone, amount_minor, currency, payment_method, authorized_minor,
          voided_minor, captured_minor)
        values (${held}, 'authorized', false, 1000, 'GBP', 'pm_card_visa', 1000, 0, 0),
               (${capturing}, 'authorized', false, 1000, 'GBP', 'pm_card_visa', 1000, 0, 0),
               (${captured}, 'captured', false, 1000, 'GBP', 'pm_card_visa', 1000, 0, 1000),
               (${voided}, 'voided', true, 1000, 'GBP', 'pm_card_visa', 1000, 1000, 0)`.execute(owner);
      await sql`
        insert into operations (order_id, step, state, amount_minor, receipt_id)
        select order_id, 'authorize', 'done', 1000, 'auth' from payments
        union all select ${capturing}, 'capture', 'asked', 1000, null
        union all select ${captured}, 'capture', 'done', 1000, 'capture'
        union all select ${voided}, 'void', 'done', 0, 'void'`.execute(owner);
      await sql`
        insert into ledger_entries (order_id, effect, debit_account, credit_account, amount_minor, currency)
        select order_id, 'authorize', 'card_holds', 'uncaptured_orders', 1000, 'GBP' from payments
        union all select ${captured}, 'capture', 'uncaptured_orders', 'card_holds', 1000, 'GBP'
        union all select ${captured}, 'capture', 'processor_receivable', 'sales', 1000, 'GBP'
        union all select ${voided}, 'void', 'uncaptured_orders', 'card_holds', 1000, 'GBP'`.execute(owner);
    });
  });
  beforeEach(async () => {
    processor = createFakeProcessor();
    payment = createPaymentActivities({ db: database.db, processor });
    for (const orderId of [held, capturing, captured]) {
      const terms = { amount: pounds(1000), paymentMethod: 'pm_card_visa', ...FIRST_USE };
      const hold = { orderId, holdId: orderId, reference: null };
      await processor.authorize({ ...hold, key: `${orderId}:authorize`, ...terms });
    }
  });
  afterEach(async () => {
    const { discrepancies } = await createPaymentRequests({ db: database.db, processor }).checkBalances({});
    assert.deepEqual(discrepancies, []);
  });
  after(() => database.drop());

  const statusOf = async (orderId: string) =>
    (
      await database.db
        .selectFrom('payments')
        .select('status')
        .where('order_id', '=', orderId)
        .executeTakeFirstOrThrow()
    ).status;

  it('answer repeats as before', async () => {
    assert.deepEqual(await payment.capturePayment({ orderId: captured }), { captured: pounds(1000) });
    assert.deepEqual(await payment.voidPayment({ orderId: voided }), { released: true });
    await assert.rejects(payment.voidPayment({ orderId: captured }), { code: 'AlreadyCaptured' });
    await assert.rejects(payment.capturePayment({ orderId: voided }), { code: 'NotAuthorized' });
  });

  it('end a capture that the version before has begun', async () => {
    assert.deepEqual(await payment.capturePayment({ orderId: capturing }), { captured: pounds(1000) });
    assert.equal(await statusOf(capturing), 'captured');
    assert.deepEqual(processor.lookedUp, [`${capturing}:capture`]);
  });

  it('are renewed and captured in parts', async () => {
    await payment.capturePayment({ orderId: held, amount: pounds(400), outstanding: pounds(1000) });
    const renewal = { orderId: held, holdId: randomUUID(), amount: pounds(600), paymentMethod: 'pm_card_visa' };
    await payment.renewHold(renewal);
    await payment.releaseReplacedHolds({ orderId: held });
    await payment.capturePayment({ orderId: held, parcelId: randomUUID(), amount: pounds(600) });
    assert.equal(await statusOf(held), 'captured');
    assert.equal(processor.held(held), 0);
  });

  it('may still be written by the version before', async () => {
    const orderId = randomUUID();
    await sql`
      insert into payments (order_id, amount_minor, currency, payment_method)
      values (${orderId}, 1000, 'GBP', 'pm_card_visa')`.execute(database.db);
    for (const change of [
      sql`status = 'authorized', authorized_minor = 1000`,
      sql`status = 'captured', captured_minor = 1000`,
      sql`refund_reserved_minor = 10`,
      sql`refund_reserved_minor = 0`,
      sql`status = 'authorized', captured_minor = 0`,
      sql`status = 'voided', undone = true, voided_minor = 1000`,
    ]) {
      await sql`update payments set ${change} where order_id = ${orderId}`.execute(database.db);
    }
    // It has no entries in the ledger.
    await sql`update payments set status = 'voided', authorized_minor = 0, voided_minor = 0
              where order_id = ${orderId}`.execute(database.db);
  });
});
