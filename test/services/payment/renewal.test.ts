import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('a hold that is renewed', () => {
  const bench = paymentBench();
  const { authorized, renewal, renewed, sumsOf, ledgerOf } = renewals(bench);
  const holdsOf = async (orderId: string) => {
    const query = bench.database.db.selectFrom('holds').selectAll().where('order_id', '=', orderId).orderBy('number');
    return (await query.execute()).map((hold) => [hold.authorized_minor, hold.voided_minor, hold.captured_minor]);
  };
  it('is replaced by the new one, which is captured, and is then released', async () => {
    const orderId = await authorized();
    const request = renewal(orderId);
    const { authorizationId } = await bench.payment.renewHold(request);
    assert.equal((await bench.restarted().renewHold(request)).authorizationId, authorizationId);
    await bench.payment.releaseReplacedHolds({ orderId });
    await bench.restarted().releaseReplacedHolds({ orderId });
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(ledgerOf(orderId, request.holdId), [
      'authorize 0 1000',
      'authorize 1 1000',
      'void 0 1000',
      'capture 1 1000',
    ]);
    assert.deepEqual(bench.effects(orderId), ['authorize', `authorize:${request.holdId}`, 'void', 'capture']);
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
    assert.deepEqual(await holdsOf(orderId), [
      [1000, 1000, 0],
      [1000, 0, 1000],
    ]);
  });

  it('is placed once for ten concurrent requests, and in a response that was lost', async () => {
    const orderId = await authorized();
    const request = renewal(orderId);
    bench.processor.dieAfter('authorize');
    await Promise.allSettled(Array.from({ length: 10 }, () => bench.payment.renewHold(request)));
    await bench.restarted().renewHold(request);
    assert.deepEqual(ledgerOf(orderId, request.holdId), ['authorize 0 1000', 'authorize 1 1000']);
    assert.equal(new Set(bench.processor.asked).size, 2);
  });

  it('stays as it was if the new one is declined, which is final for that hold', async () => {
    const orderId = await authorized();
    const request = renewal(orderId, 1000, { paymentMethod: 'pm_card_chargeDeclined' });
    for (const service of [bench.payment, bench.restarted()]) {
      await assert.rejects(service.renewHold(request), { name: 'Refusal', code: 'CardDeclined' });
    }
    assert.deepEqual(await sumsOf(orderId), ['authorized', 1000, 0, 0, 0]);
    await bench.payment.releaseReplacedHolds({ orderId });
    assert.deepEqual(await bench.payment.capturePayment({ orderId }), { captured: pounds(1000) });
    assert.deepEqual(await sumsOf(orderId), ['captured', 1000, 0, 1000, 0]);
  });

  it('may be renewed several times, and all but the newest are released', async () => {
    const orderId = await authorized();
    const ids = [await renewed(orderId), await renewed(orderId), await renewed(orderId)];
    await bench.payment.releaseReplacedHolds({ orderId });
    assert.equal(bench.processor.held(orderId), 1000);
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(ledgerOf(orderId, ...ids).slice(-1), ['capture 3 1000']);
  });

  it('is not charged twice where the last capture has used the older one', async () => {
    const orderId = await authorized();
    const gate = bench.processor.hold('capture', 'before');
    const capturing = bench.payment.capturePayment({ orderId });
    await gate.reached;
    const holdId = await renewed(orderId);
    await assert.rejects(bench.payment.releaseReplacedHolds({ orderId }), /a capture of order .* is under way/);
    gate.release();
    await capturing;
    assert.deepEqual(ledgerOf(orderId, holdId), [
      'authorize 0 1000',
      'authorize 1 1000',
      'capture 0 1000',
      'void 1 1000',
    ]);
    assert.deepEqual(await bench.payment.capturePayment({ orderId }), { captured: pounds(1000) });
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
  });

  it('is captured by a request that began before a renewal was declined', async () => {
    const orderId = await authorized();
    const gate = bench.processor.hold('capture', 'before');
    const capturing = bench.payment.capturePayment({ orderId });
    await gate.reached;
    await assert.rejects(bench.payment.renewHold(renewal(orderId, 1000, { paymentMethod: 'pm_card_chargeDeclined' })));
    gate.release();
    await capturing;
    assert.deepEqual(await holdsOf(orderId), [
      [1000, 0, 1000],
      [0, 0, 0],
    ]);
  });

  it('is refused, and holds nothing, once the last part was captured or the rest was released', async () => {
    const captured = await bench.captured();
    const released = await authorized();
    await bench.payment.capturePayment({ orderId: released, amount: pounds(400), outstanding: pounds(1000) });
    await bench.payment.releaseRest({ orderId: released });
    for (const orderId of [captured, released]) {
      await assert.rejects(bench.payment.renewHold(renewal(orderId)), { name: 'Refusal', code: 'Undone' });
      assert.equal(bench.processor.held(orderId), 0);
    }
    const orderId = await authorized();
    await assert.rejects(bench.payment.renewHold(renewal(orderId, 0)), { name: 'Refusal', code: 'Undone' });
  });

  it('is released by the capture that comes while it is placed', async () => {
    for (const where of ['before', 'after'] as const) {
      const orderId = await authorized();
      const gate = bench.processor.hold('authorize', where);
      const late = bench.payment.renewHold(renewal(orderId));
      await gate.reached;
      await bench.payment.capturePayment({ orderId });
      gate.release();
      await assert.rejects(late, { name: 'Refusal', code: 'Undone' });
      assert.equal(bench.processor.held(orderId), 0, where);
    }
  });

  it('is released by the capture also if its response was lost', async () => {
    const orderId = await authorized();
    const request = renewal(orderId);
    bench.processor.dieAfter('authorize');
    await assert.rejects(bench.payment.renewHold(request), /socket hang up/);
    await bench.payment.capturePayment({ orderId });
    assert.equal(bench.processor.held(orderId), 0);
    await assert.rejects(bench.restarted().renewHold(request), { code: 'Undone' });
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
  });

  it('is not requested for an order that was never authorized, for more than it costs, or with other terms', async () => {
    await assert.rejects(bench.payment.renewHold(renewal(randomUUID())), /was never requested/);
    const orderId = await authorized();
    await assert.rejects(bench.payment.renewHold(renewal(orderId, 1001)), /at most 1000 minor units of GBP/);
    await assert.rejects(bench.payment.renewHold({ ...renewal(orderId), holdId: orderId }), /first hold/);
    const request = renewal(orderId);
    await bench.payment.renewHold(request);
    await assert.rejects(bench.payment.renewHold({ ...request, amount: pounds(999) }), /with different terms/);
  });

  it('has checks of its own in the database', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await bench.payment.authorizePayment(request);
    await bench.payment.renewHold({ ...request, holdId: randomUUID() });
    await bench.payment.capturePayment({ orderId, amount: pounds(1000), outstanding: pounds(1250) });
    const ofPayment = (values: object) =>
      bench.database.db.updateTable('payments').set(values).where('order_id', '=', orderId).execute();
    const ofHold = (values: object, number = 2) =>
      bench.database.db
        .updateTable('holds')
        .set(values)
        .where('order_id', '=', orderId)
        .where('number', '=', number)
        .execute();
    await assert.rejects(ofPayment({ captured_minor: 1251 }), /captured_within_total/);
    await assert.rejects(ofPayment({ capture_reserved_minor: 251 }), /captured_within_total/);
    await assert.rejects(ofPayment({ capture_reserved_minor: -1 }), /sums_not_negative/);
    await assert.rejects(ofPayment({ status: 'authorized' }), /status_as_amounts/);
    await assert.rejects(ofHold({ captured_minor: 1251 }), /capture[a-z]*_within_authorized/);
    await assert.rejects(ofHold({ voided_minor: 251 }), /captured_within_authorized/);
    await assert.rejects(ofHold({ capture_reserved_minor: 251 }), /capturing_within_authorized/);
    await assert.rejects(ofHold({ refunded_minor: 600, refund_reserved_minor: 401 }), /refunded_within_captured/);
    await assert.rejects(ofHold({ authorized_minor: 1251 }), /authorized_as_asked/);
    await assert.rejects(ofHold({ number: 1 }), /first_is_of_order|duplicate key/);
  });

  describe('and voided', () => {
    it('releases every hold once, and stops a renewal that comes late', async () => {
      const orderId = await authorized();
      await renewed(orderId);
      assert.deepEqual(await bench.payment.voidPayment({ orderId }), { released: true });
      assert.deepEqual(await bench.restarted().voidPayment({ orderId }), { released: true });
      assert.deepEqual(await sumsOf(orderId), ['voided', 2000, 2000, 0, 0]);
      await assert.rejects(bench.payment.renewHold(renewal(orderId)), { name: 'Refusal', code: 'Undone' });
      assert.equal(bench.processor.held(orderId), 0);
    });

    it('wins over a renewal that has not reached the processor, and over one whose response has not arrived', async () => {
      for (const where of ['before', 'after'] as const) {
        const orderId = await authorized();
        const gate = bench.processor.hold('authorize', where);
        const late = bench.payment.renewHold(renewal(orderId));
        await gate.reached;
        await bench.payment.voidPayment({ orderId });
        gate.release();
        await assert.rejects(late, { name: 'Refusal', code: 'Undone' });
        assert.equal(bench.processor.held(orderId), 0);
        assert.equal((await bench.paymentOf(orderId)).status, 'voided');
      }
    });

    it('leaves nothing held where a capture was faster', async () => {
      const orderId = await authorized();
      await renewed(orderId);
      const lost = renewal(orderId);
      bench.processor.dieAfter('authorize');
      await assert.rejects(bench.payment.renewHold(lost), /socket hang up/);
      const part = { orderId, amount: pounds(400), outstanding: pounds(1000) };
      bench.processor.dieBefore('capture');
      await assert.rejects(bench.payment.capturePayment(part), /socket hang up/);
      await assert.rejects(bench.payment.voidPayment({ orderId }), /a capture of order .* is under way/);
      await bench.payment.capturePayment(part);
      await assert.rejects(bench.payment.voidPayment({ orderId }), { name: 'Refusal', code: 'AlreadyCaptured' });
      assert.equal(bench.processor.held(orderId), 0);
      assert.deepEqual((await sumsOf(orderId)).slice(1, 4), [3000, 2600, 400]);
    });

    it('resumes where it was interrupted, and tries every hold although one is refused', async () => {
      const orderId = await authorized();
      const holdId = await renewed(orderId);
      bench.processor.refuse('void', 'VoidRefused');
      await assert.rejects(bench.payment.voidPayment({ orderId }), { name: 'Refusal', code: 'VoidRefused' });
      assert.equal(bench.processor.asked.filter((key) => key.includes(':void')).length, 2);
      bench.processor.refuse('void', undefined);
      bench.processor.dieAfter('void');
      await assert.rejects(bench.payment.voidPayment({ orderId }), /socket hang up/);
      await bench.restarted().voidPayment({ orderId });
      assert.deepEqual(ledgerOf(orderId, holdId).slice(2), ['void 0 1000', 'void 1 1000']);
      assert.deepEqual(await sumsOf(orderId), ['voided', 2000, 2000, 0, 0]);
    });
  });
});
