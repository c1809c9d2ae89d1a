import assert from 'node:assert/strict';
import { everything, orderStage } from './test-order-service.ts';

describe('order service: its table of orders', () => {
  const stage = orderStage();

  for (const [what, change] of Object.entries({
    'refund more than was paid': { refunded_minor: 5501 },
    'be rejected without a reason': { status: 'rejected' as const },
    'have an unknown status': { status: 'lost' as never },
    'have an unknown payment status': { payment_status: 'lost' as never },
    'have an unknown fulfillment status': { fulfillment_status: 'eaten' as never },
    'be charged more than the total': { captured_minor: 5501 },
    'refund more than was captured': { captured_minor: 1000, refunded_minor: 1001 },
    'cancel more than was ordered': { canceled_minor: 5501 },
    'write off more than the total': { uncollected_minor: 5501 },
    'be charged less than nothing': { captured_minor: -1 },
    'refund less than nothing': { refunded_minor: -1 },
    'cancel less than nothing': { canceled_minor: -1 },
    'write off less than nothing': { uncollected_minor: -1 },
    'travel in parcels without saying what was captured': { in_parcels: true },
    'wait for a customer who was not told what to do': { payment_status: 'awaiting_customer' as const },
  })) {
    it(`never lets an order ${what}, whatever the code does`, async () => {
      const orderId = await stage.placed();
      const changed = stage.database.db.updateTable('orders').set(change).where('id', '=', orderId).execute();
      await assert.rejects(changed, /check/);
    });
  }
});

describe('order service: its table of parcels', () => {
  const stage = orderStage();

  for (const [what, change] of Object.entries({
    'cost less than nothing': { price_minor: -1 },
    'be booked without the carrier’s number': { tracking_number: null },
    'have an unknown status': { status: 'eaten' as never },
    'contain nothing': { lines: '[]' },
    'be decided about by nobody': { action: 'wait' as const, note: 'so', decided_at: new Date() },
  })) {
    it(`never lets a parcel ${what}, whatever the code does`, async () => {
      const orderId = await stage.confirmed();
      const [parcelId] = await stage.split(orderId, [everything]);
      const changed = stage.database.db.updateTable('parcels').set(change).where('id', '=', parcelId!).execute();
      await assert.rejects(changed, /check/);
    });
  }
});
