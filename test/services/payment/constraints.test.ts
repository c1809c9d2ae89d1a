import assert from 'node:assert/strict';
import { SUMS } from '../../../services/payment/ledger.ts';
import { paymentBench } from '../../stage/test-payment-service.ts';

describe('payment service: its table of payments', () => {
  const bench = paymentBench();

  /** Of an order of 12.50, all of which was captured. */
  const refused = async (change: object, constraint: RegExp) => {
    const orderId = await bench.captured();
    const changed = bench.database.db.updateTable('payments').set(change).where('order_id', '=', orderId).execute();
    await assert.rejects(changed, constraint);
  };

  for (const [constraint, change] of Object.entries({
    captured_within_authorized: { captured_minor: 1251 },
    refunded_within_captured: { refunded_minor: 1000, refund_reserved_minor: 251 },
    authorized_as_asked: { authorized_minor: 1251 },
    status_as_amounts: { status: 'voided' },
    payments_status_check: { status: 'paid' },
  })) {
    it(`never has a payment that breaks ${constraint}, whatever the code does`, () =>
      refused(change, new RegExp(constraint)));
  }

  // Where another constraint would refuse it too, what else keeps that one.
  const besides: Partial<Record<string, object>> = {
    captured_minor: { capture_failed_minor: 1 },
    authorized_minor: { captured_minor: -1, voided_minor: 0, amount_minor: 0, capture_failed_minor: 1, renewed: true },
  };
  const sums = SUMS.filter((sum) => sum !== 'capture_failed_minor');
  for (const sum of [...sums, 'manually_refunded_minor', 'disputed_minor']) {
    it(`never has a negative ${sum}, whatever the code does`, () =>
      refused({ ...besides[sum], [sum]: -1 }, /sums_not_negative/));
  }

  it('never has money from people that is less than nothing, or more than was taken back', async () => {
    for (const change of [
      { manually_captured_minor: -1 },
      { manually_captured_minor: 1 },
      { capture_failed_minor: -1 },
    ]) {
      await refused(change, /manually_captured_within_failed/);
    }
  });
});
