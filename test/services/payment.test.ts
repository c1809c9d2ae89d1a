import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AuthorizePayment, PaymentActivities } from '../../activities/payment.ts';
import { createPaymentActivities } from '../../services/payment/activities.ts';
import type { PaymentDatabase } from '../../services/payment/database.ts';
import { createPaymentRequests } from '../../services/payment/requests.ts';
import { type FakeProcessor, createFakeProcessor } from '../support/card-processor.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';

describe('payment activities', () => {
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
  // Whatever a test did, the ledger and the payments must agree.
  afterEach(async () => {
    const { discrepancies } = await createPaymentRequests(database.db).checkBalances({});
    assert.deepEqual(discrepancies, []);
  });
  after(() => database.drop());

  /** As after a crash: another process, the same database, the same outside world. */
  const restarted = () => createPaymentActivities({ db: database.db, processor });
  const order = (difference: Partial<AuthorizePayment> = {}): AuthorizePayment => ({
    orderId: randomUUID(),
    amount: { amountMinor: 1250, currency: 'GBP' },
    paymentMethod: 'pm_card_visa',
    ...difference,
  });
  const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
  const captured = async (request = order()) => {
    await payment.authorizePayment(request);
    await payment.capturePayment({ orderId: request.orderId });
    return request.orderId;
  };
  const effects = (orderId: string) => processor.ledger.filter((entry) => entry.orderId === orderId);
  const keys = (orderId: string) => effects(orderId).map(({ key }) => key.slice(orderId.length + 1));
  const paymentOf = (orderId: string) =>
    database.db.selectFrom('payments').selectAll().where('order_id', '=', orderId).executeTakeFirstOrThrow();
  const events = async (orderId: string) => {
    const rows = await database.db
      .selectFrom('outbox')
      .select(['type', 'data'])
      .where('subject', '=', orderId)
      .orderBy('sequence')
      .execute();
    return rows.map(({ type }) => type);
  };

  describe('authorizePayment', () => {
    it('answers a repeat with the first authorization, without asking the processor again', async () => {
      const request = order();
      const first = await payment.authorizePayment(request);
      assert.deepEqual(await restarted().authorizePayment(request), first);
      assert.deepEqual(processor.asked, [`${request.orderId}:authorize`]);
      assert.deepEqual(processor.lookedUp, []);
      assert.deepEqual(await events(request.orderId), ['payment.authorized']);
    });

    it('holds the money once for 50 who ask at the same time', async () => {
      const request = order();
      const answers = await Promise.all(Array.from({ length: 50 }, () => payment.authorizePayment(request)));
      assert.equal(new Set(answers.map(({ authorizationId }) => authorizationId)).size, 1);
      assert.deepEqual(keys(request.orderId), ['authorize']);
      assert.deepEqual(await events(request.orderId), ['payment.authorized']);
      assert.equal((await paymentOf(request.orderId)).authorized_minor, 1250);
    });

    for (const [paymentMethod, code] of [
      ['pm_card_chargeDeclined', 'CardDeclined'],
      ['pm_card_chargeDeclinedInsufficientFunds', 'InsufficientFunds'],
    ] as const) {
      it(`refuses ${code} for good`, async () => {
        const request = order({ paymentMethod });
        await assert.rejects(payment.authorizePayment(request), { name: 'Refusal', code });
        await assert.rejects(restarted().authorizePayment(request), { name: 'Refusal', code });
        assert.equal(processor.asked.length, 1);
        assert.equal((await paymentOf(request.orderId)).status, 'declined');
        assert.deepEqual(await events(request.orderId), ['payment.failed']);
      });
    }

    it('looks up what came of an attempt that died with the answer, and asks no second time', async () => {
      const request = order();
      processor.dieAfter('authorize');
      await assert.rejects(payment.authorizePayment(request), /socket hang up/);
      const { authorizationId } = await restarted().authorizePayment(request);
      assert.equal(authorizationId, 'authorize-1');
      assert.deepEqual(processor.asked, [`${request.orderId}:authorize`]);
      assert.deepEqual(processor.lookedUp, [`${request.orderId}:authorize`]);
      assert.deepEqual(await events(request.orderId), ['payment.authorized']);
    });

    it('asks under the same key where the attempt that died never arrived', async () => {
      const request = order();
      processor.dieBefore('authorize');
      await assert.rejects(payment.authorizePayment(request), /socket hang up/);
      await restarted().authorizePayment(request);
      assert.deepEqual(new Set(processor.asked), new Set([`${request.orderId}:authorize`]));
      assert.deepEqual(keys(request.orderId), ['authorize']);
    });

    it('keeps a decline that died on its way', async () => {
      const request = order({ paymentMethod: 'pm_card_chargeDeclined' });
      processor.dieAfter('authorize');
      await assert.rejects(payment.authorizePayment(request), /socket hang up/);
      await assert.rejects(restarted().authorizePayment(request), { code: 'CardDeclined' });
      assert.equal(processor.asked.length, 1);
    });

    it('does not mistake other terms for a repeat', async () => {
      const request = order();
      await payment.authorizePayment(request);
      await assert.rejects(payment.authorizePayment({ ...request, amount: pounds(1) }), /on other terms/);
      await assert.rejects(payment.authorizePayment({ ...request, paymentMethod: 'pm_other' }), /on other terms/);
    });

    it('troubles no processor with an order that costs nothing', async () => {
      const request = order({ amount: pounds(0) });
      await payment.authorizePayment(request);
      await payment.capturePayment({ orderId: request.orderId });
      await payment.refundPayment({ orderId: request.orderId, refundId: randomUUID(), amount: pounds(0) });
      assert.deepEqual(processor.asked, []);
      assert.equal((await paymentOf(request.orderId)).status, 'captured');
    });
  });

  describe('voidPayment', () => {
    it('lets go of the money, once', async () => {
      const request = order();
      await payment.authorizePayment(request);
      await payment.voidPayment({ orderId: request.orderId });
      await restarted().voidPayment({ orderId: request.orderId });
      assert.equal(processor.held(request.orderId), 0);
      assert.equal(processor.asked.filter((key) => key.endsWith(':void')).length, 1);
      assert.deepEqual(await events(request.orderId), ['payment.authorized', 'payment.voided']);
      assert.equal((await paymentOf(request.orderId)).status, 'voided');
    });

    it('reaches the processor where nothing was authorized, and stops a late authorization', async () => {
      const request = order();
      await payment.voidPayment({ orderId: request.orderId });
      assert.deepEqual(processor.asked, [`${request.orderId}:void`]);
      await assert.rejects(payment.authorizePayment(request), { name: 'Refusal', code: 'Undone' });
      assert.equal(processor.held(request.orderId), 0);
      assert.deepEqual(await events(request.orderId), []);
    });

    it('lets go of money that was held by an attempt that died with the answer', async () => {
      const request = order();
      processor.dieAfter('authorize');
      await assert.rejects(payment.authorizePayment(request), /socket hang up/);
      assert.equal(processor.held(request.orderId), 1250);

      await restarted().voidPayment({ orderId: request.orderId });
      assert.equal(processor.held(request.orderId), 0);
      await assert.rejects(restarted().authorizePayment(request), { code: 'Undone' });
      const { authorized_minor, voided_minor } = await paymentOf(request.orderId);
      assert.deepEqual([authorized_minor, voided_minor], [1250, 1250]);
      assert.deepEqual(await events(request.orderId), ['payment.authorized', 'payment.voided']);
    });

    it('beats an authorization that is still on its way to the processor', async () => {
      const request = order();
      const underway = processor.hold('authorize', 'before');
      const late = payment.authorizePayment(request);
      await underway.reached;
      await payment.voidPayment({ orderId: request.orderId });
      underway.release();
      await assert.rejects(late, { name: 'Refusal', code: 'Undone' });
      assert.equal(processor.held(request.orderId), 0);
      assert.deepEqual(await events(request.orderId), []);
    });

    it('beats an authorization that is on its way back from the processor', async () => {
      const request = order();
      const underway = processor.hold('authorize', 'after');
      const late = payment.authorizePayment(request);
      await underway.reached;
      await payment.voidPayment({ orderId: request.orderId });
      underway.release();
      await assert.rejects(late, { name: 'Refusal', code: 'Undone' });
      assert.equal(processor.held(request.orderId), 0);
      assert.deepEqual(await events(request.orderId), ['payment.authorized', 'payment.voided']);
    });

    it('books a hold that is reported while the void is under way', async () => {
      const request = order();
      const [authorizing, voiding] = [processor.hold('authorize', 'after'), processor.hold('void', 'before')];
      const late = payment.authorizePayment(request);
      await authorizing.reached;
      const undo = payment.voidPayment({ orderId: request.orderId });
      await voiding.reached;
      authorizing.release();
      await assert.rejects(late, { code: 'Undone' });
      assert.equal((await paymentOf(request.orderId)).authorized_minor, 1250);
      voiding.release();
      await undo;
      assert.equal(processor.held(request.orderId), 0);
      assert.deepEqual(await events(request.orderId), ['payment.authorized', 'payment.voided']);
    });

    it('leaves no money held however the two meet', async () => {
      const requests = Array.from({ length: 25 }, () => order());
      const outcomes = await Promise.allSettled(
        requests.flatMap((request, index) => {
          const pair = [
            () => payment.authorizePayment(request),
            () => payment.voidPayment({ orderId: request.orderId }),
          ] as const;
          return (index % 2 ? pair : pair.toReversed()).map((ask) => ask());
        }),
      );
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal((outcome.reason as { code?: string }).code, 'Undone');
      }
      for (const { orderId } of requests) {
        assert.equal(processor.held(orderId), 0);
        assert.equal((await paymentOf(orderId)).status, 'voided');
      }
    });

    it('asks again under a new key once a person lets a refused void be retried', async () => {
      const request = order();
      const { orderId } = request;
      await payment.authorizePayment(request);
      processor.refuse('void', 'VoidRefused');
      await assert.rejects(payment.voidPayment({ orderId }), { name: 'Refusal', code: 'VoidRefused' });
      await assert.rejects(payment.capturePayment({ orderId }), { code: 'NotAuthorized' });
      await assert.rejects(payment.authorizePayment(request), { code: 'Undone' });

      processor.refuse('void', undefined);
      await restarted().voidPayment({ orderId });
      await restarted().voidPayment({ orderId });
      assert.deepEqual(keys(orderId), ['authorize', 'void#2']);
      assert.equal(processor.held(orderId), 0);
      assert.deepEqual(await events(orderId), ['payment.authorized', 'payment.failed', 'payment.voided']);
    });

    it('keeps the key of a retry whose outcome is unknown', async () => {
      const request = order();
      const { orderId } = request;
      await payment.authorizePayment(request);
      processor.refuse('void', 'VoidRefused');
      await assert.rejects(payment.voidPayment({ orderId }), { code: 'VoidRefused' });
      processor.refuse('void', undefined);
      processor.dieAfter('void');
      await assert.rejects(payment.voidPayment({ orderId }), /socket hang up/);
      await restarted().voidPayment({ orderId });
      assert.deepEqual(keys(orderId), ['authorize', 'void#2']);
      assert.equal(processor.asked.filter((key) => key.includes(':void')).length, 2);
    });

    it('refuses AlreadyCaptured once the money was taken', async () => {
      const orderId = await captured();
      await assert.rejects(payment.voidPayment({ orderId }), { name: 'Refusal', code: 'AlreadyCaptured' });
      assert.deepEqual(keys(orderId), ['authorize', 'capture']);
    });
  });

  describe('capturePayment', () => {
    it('takes the money once, also for ten who ask at the same time', async () => {
      const request = order();
      const { orderId } = request;
      await payment.authorizePayment(request);
      await Promise.all(Array.from({ length: 10 }, () => payment.capturePayment({ orderId })));
      await restarted().capturePayment({ orderId });
      assert.deepEqual(keys(orderId), ['authorize', 'capture']);
      assert.deepEqual(await events(orderId), ['payment.authorized', 'payment.captured']);
      assert.equal((await paymentOf(orderId)).captured_minor, 1250);
    });

    it('finds a capture that died with the answer', async () => {
      const request = order();
      const { orderId } = request;
      await payment.authorizePayment(request);
      processor.dieAfter('capture');
      await assert.rejects(payment.capturePayment({ orderId }), /socket hang up/);
      await restarted().capturePayment({ orderId });
      assert.deepEqual(keys(orderId), ['authorize', 'capture']);
      assert.equal(processor.asked.filter((key) => key.endsWith(':capture')).length, 1);
      assert.deepEqual(await events(orderId), ['payment.authorized', 'payment.captured']);
    });

    it('refuses NotAuthorized where nothing is held', async () => {
      const request = order();
      const { orderId } = request;
      await assert.rejects(payment.capturePayment({ orderId }), { name: 'Refusal', code: 'NotAuthorized' });
      await payment.authorizePayment(request);
      await payment.voidPayment({ orderId });
      await assert.rejects(payment.capturePayment({ orderId }), { name: 'Refusal', code: 'NotAuthorized' });
      assert.ok(!processor.asked.some((key) => key.includes('capture')));
    });

    it('asks again under a new key after the processor refused', async () => {
      const request = order();
      const { orderId } = request;
      await payment.authorizePayment(request);
      processor.refuse('capture', 'CaptureRefused');
      await assert.rejects(payment.capturePayment({ orderId }), { name: 'Refusal', code: 'CaptureRefused' });
      processor.refuse('capture', undefined);
      await payment.capturePayment({ orderId });
      assert.deepEqual(keys(orderId), ['authorize', 'capture#2']);
    });

    it('and a void at the same time never both succeed', async () => {
      const requests = Array.from({ length: 10 }, () => order());
      for (const request of requests) await payment.authorizePayment(request);
      await Promise.allSettled(
        requests.flatMap(({ orderId }) => [payment.capturePayment({ orderId }), payment.voidPayment({ orderId })]),
      );
      for (const { orderId } of requests) {
        const { captured_minor, voided_minor } = await paymentOf(orderId);
        assert.equal(captured_minor + voided_minor, 1250);
        assert.equal(effects(orderId).length, 2);
      }
    });
  });

  describe('refundPayment', () => {
    it('gives back once for each refund', async () => {
      const orderId = await captured();
      const refundId = randomUUID();
      await payment.refundPayment({ orderId, refundId, amount: pounds(400) });
      await restarted().refundPayment({ orderId, refundId, amount: pounds(400) });
      await payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(850) });
      assert.equal(effects(orderId).filter(({ type }) => type === 'refund').length, 2);
      assert.equal((await paymentOf(orderId)).refunded_minor, 1250);
      assert.deepEqual(await events(orderId), [
        'payment.authorized',
        'payment.captured',
        'payment.refunded',
        'payment.refunded',
      ]);
    });

    it('never gives back more than was taken, also with many refunds at once', async () => {
      const orderId = await captured();
      // The processor here would not notice: it is our own books that must.
      const before = processor.hold('refund', 'before');
      const first = payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) });
      await before.reached;
      const others = Array.from({ length: 5 }, () =>
        payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) }),
      );
      const outcomes = await Promise.allSettled(others);
      before.release();
      await first;
      for (const outcome of outcomes) {
        assert.equal(
          outcome.status === 'rejected' && (outcome.reason as { code?: string }).code,
          'RefundExceedsCapture',
        );
      }
      assert.equal(processor.asked.filter((key) => key.includes(':refund:')).length, 1);
      assert.equal((await paymentOf(orderId)).refunded_minor, 1000);
    });

    it('puts what was reserved back when the processor refuses, and may be asked again', async () => {
      const orderId = await captured();
      const refundId = randomUUID();
      processor.refuse('refund', 'RefundRefused');
      const ask = () => payment.refundPayment({ orderId, refundId, amount: pounds(1250) });
      await assert.rejects(ask(), { name: 'Refusal', code: 'RefundRefused' });
      assert.equal((await paymentOf(orderId)).refund_reserved_minor, 0);
      processor.refuse('refund', undefined);
      await ask();
      await ask();
      assert.deepEqual(keys(orderId), ['authorize', 'capture', `refund:${refundId}#2`]);
      const { refunded_minor, refund_reserved_minor } = await paymentOf(orderId);
      assert.deepEqual([refunded_minor, refund_reserved_minor], [1250, 0]);
    });

    it('finds a refund that died with the answer, with its amount set aside meanwhile', async () => {
      const orderId = await captured();
      const refundId = randomUUID();
      processor.dieAfter('refund');
      const ask = () => restarted().refundPayment({ orderId, refundId, amount: pounds(1000) });
      await assert.rejects(ask(), /socket hang up/);
      await assert.rejects(payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(1000) }), {
        code: 'RefundExceedsCapture',
      });
      await ask();
      assert.equal(effects(orderId).filter(({ type }) => type === 'refund').length, 1);
      assert.equal((await paymentOf(orderId)).refunded_minor, 1000);
    });

    it('refuses NotCaptured, RefundExceedsCapture and another currency', async () => {
      const request = order();
      const { orderId } = request;
      const ask = (amount: { amountMinor: number; currency: string }) =>
        payment.refundPayment({ orderId, refundId: randomUUID(), amount });
      await assert.rejects(ask(pounds(1)), { name: 'Refusal', code: 'NotCaptured' });
      await payment.authorizePayment(request);
      await assert.rejects(ask(pounds(1)), { name: 'Refusal', code: 'NotCaptured' });
      await payment.capturePayment({ orderId });
      await assert.rejects(ask(pounds(1251)), { name: 'Refusal', code: 'RefundExceedsCapture' });
      await assert.rejects(ask({ amountMinor: 1, currency: 'EUR' }), { name: 'Refusal', code: 'RefundRefused' });
      assert.ok(!processor.asked.some((key) => key.includes('refund')));
    });

    it('does not mistake another amount for a repeat', async () => {
      const orderId = await captured();
      const refundId = randomUUID();
      await payment.refundPayment({ orderId, refundId, amount: pounds(400) });
      await assert.rejects(payment.refundPayment({ orderId, refundId, amount: pounds(500) }), /for another amount/);
    });
  });
});
