import assert from 'node:assert/strict';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { paymentBench } from '../../stage/test-payment-service.ts';

/** One entry each, without what it is about. */
const ENTRIES = [
  ['capture_failed:1', 'sales', 'processor_receivable', /captured and taken back 0, the ledger says 1250/],
  ['manual_capture:1', 'bank', 'sales', /manually captured 0, the ledger says 1250/],
  ['dispute:dp_1:1', 'disputes', 'processor_receivable', /disputed 0, the ledger says 1250/],
] as const;

describe('entries of money that was taken back', () => {
  const bench = paymentBench();

  for (const [effect, debit_account, credit_account, expected] of ENTRIES) {
    it(`are found by checkBalances if nothing was: ${effect.split(':')[0]}`, async () => {
      const orderId = await bench.captured();
      const { db } = bench.database;
      const rollback = new Error('taken out of the ledger again, which only grows');
      const work = db.transaction().execute(async (transaction) => {
        const entry = { order_id: orderId, effect, debit_account, credit_account, amount_minor: 1250, currency: 'GBP' };
        await transaction.insertInto('ledger_entries').values(entry).execute();
        const requests = createPaymentRequests({ db: transaction, processor: bench.processor });
        const { discrepancies } = await requests.checkBalances({});
        assert.match(discrepancies.join('\n'), expected);
        throw rollback;
      });
      await assert.rejects(work, rollback);
    });
  }
});
