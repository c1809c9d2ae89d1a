import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { renewals } from '../../stage/renewals.ts';
import { paymentBench, pounds } from '../../stage/test-payment-service.ts';

describe('a hold that the bank gave up', () => {
  const bench = paymentBench();
  const { authorized, renewal, renewed, sumsOf, ledgerOf } = renewals(bench);
  const gone = async () => {
    const orderId = await authorized();
    bench.processor.expire(orderId);
    return orderId;
  };

  it('is captured by the same request, which was refused before', async () => {
    const orderId = await gone();
    for (const _again of [1, 2]) {
      await assert.rejects(bench.payment.capturePayment({ orderId }), { name: 'Refusal', code: 'HoldExpired' });
    }
    assert.deepEqual(await sumsOf(orderId), ['expired', 1000, 1000, 0, 0]);
    assert.equal(bench.processor.asked.filter((key) => key.includes(':capture')).length, 1);
    const holdId = await renewed(orderId);
    assert.equal((await bench.paymentOf(orderId)).status, 'authorized');
    await bench.payment.capturePayment({ orderId });
    assert.deepEqual(ledgerOf(orderId, holdId), [
      'authorize 0 1000',
      'void 0 1000',
      'authorize 1 1000',
      'capture 1 1000',
    ]);
    assert.deepEqual(bench.effects(orderId).slice(-1), ['capture#2']);
    assert.deepEqual(await sumsOf(orderId), ['captured', 2000, 1000, 1000, 0]);
  });

  it('finds that it is gone although the response was lost', async () => {
    const orderId = await gone();
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment({ orderId }), /socket hang up/);
    await assert.rejects(bench.restarted().capturePayment({ orderId }), { code: 'HoldExpired' });
    assert.deepEqual(await sumsOf(orderId), ['expired', 1000, 1000, 0, 0]);
  });

  it('counts what was captured of it before', async () => {
    const orderId = await authorized();
    const parcels = [randomUUID(), randomUUID()];
    const part = (parcel: number, amountMinor: number, outstandingMinor: number) => ({
      orderId,
      parcelId: parcels[parcel]!,
      amount: pounds(amountMinor),
      outstanding: pounds(outstandingMinor),
    });
    await bench.payment.capturePayment(part(0, 400, 1000));
    bench.processor.expire(orderId);
    await assert.rejects(bench.payment.capturePayment(part(1, 600, 600)), { code: 'HoldExpired' });
    assert.deepEqual(await sumsOf(orderId), ['partially_captured', 1000, 600, 400, 0]);
    const holdId = await renewed(orderId, 600);
    await bench.payment.capturePayment(part(1, 600, 600));
    assert.deepEqual(ledgerOf(orderId, holdId).slice(-1), ['capture 1 600']);
    assert.deepEqual(await sumsOf(orderId), ['captured', 1600, 600, 1000, 0]);
    await assert.rejects(bench.payment.renewHold(renewal(orderId)), { code: 'Undone' });

    // A refund is paid from the holds that have captured as much.
    const refund = (amountMinor: number, refundId: string) =>
      bench.payment.refundPayment({ orderId, refundId, amount: pounds(amountMinor) });
    const whole = randomUUID();
    bench.processor.dieAfter('refund');
    await assert.rejects(refund(900, whole), /socket hang up/);
    await refund(900, whole);
    await refund(100, randomUUID());
    assert.deepEqual(ledgerOf(orderId, holdId).slice(-3), ['refund 0 400', 'refund 1 500', 'refund 1 100']);
    assert.equal((await bench.paymentOf(orderId)).refunded_minor, 1000);
  });

  it('keeps what another capture, whose response was lost, has taken before', async () => {
    const orderId = await authorized();
    const part = (amountMinor: number) => ({
      orderId,
      parcelId: randomUUID(),
      amount: pounds(amountMinor),
      outstanding: pounds(1000),
    });
    const [first, second] = [part(400), part(300)];
    const gate = bench.processor.hold('capture', 'before');
    const late = bench.payment.capturePayment(first);
    await gate.reached;
    bench.processor.dieAfter('capture');
    await assert.rejects(bench.payment.capturePayment(second), /socket hang up/);
    bench.processor.expire(orderId);
    gate.release();
    await assert.rejects(late, { name: 'Refusal', code: 'HoldExpired' });
    assert.deepEqual((await sumsOf(orderId)).slice(1, 4), [1000, 700, 0]);
    await bench.restarted().capturePayment(second);
    assert.deepEqual((await sumsOf(orderId)).slice(0, 4), ['partially_captured', 1000, 700, 300]);
  });

  it('may be voided instead', async () => {
    const orderId = await gone();
    await assert.rejects(bench.payment.capturePayment({ orderId }), { code: 'HoldExpired' });
    await bench.payment.voidPayment({ orderId });
    assert.deepEqual(await sumsOf(orderId), ['voided', 1000, 1000, 0, 0]);
  });
});
