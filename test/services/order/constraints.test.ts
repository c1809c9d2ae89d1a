import assert from 'node:assert/strict';
import { orderStage } from './test-order-service.ts';

describe('order service: its table of orders', () => {
  const stage = orderStage();

  for (const [what, change] of Object.entries({
    'refund more than was paid': { refunded_minor: 5501 },
    'be rejected without a reason': { status: 'rejected' as const },
    'have an unknown status': { status: 'lost' as never },
    'wait for a customer who was not told what to do': { payment_status: 'awaiting_customer' as const },
  })) {
    it(`never lets an order ${what}, whatever the code does`, async () => {
      const orderId = await stage.placed();
      const changed = stage.database.db.updateTable('orders').set(change).where('id', '=', orderId).execute();
      await assert.rejects(changed, /check/);
    });
  }
});
