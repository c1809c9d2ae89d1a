import { randomInt, randomUUID } from 'node:crypto';
import type { HistoryItem } from '../../../activities/order-status.ts';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import type { Operations } from './stage.ts';

const gbp = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

/** Writes everything that the order service writes for an order until it is confirmed. */
export async function placeOrder({ requests, activities }: Operations, customerId: string): Promise<void> {
  const orderId = randomUUID();
  await requests.placeOrder({
    orderId,
    customerId,
    // Three of 3,000 SKUs.
    lines: [1, 2, 3].map((n) => ({
      sku: `SKU-${n * 1000 + randomInt(1000)}`,
      name: 'White hanging heart',
      quantity: n,
      unitPrice: gbp(255),
    })),
    total: gbp(1530),
    shippingAddress: { name: 'Ada', line1: '12 High Street', city: 'London', postalCode: 'N1 9GU', country: 'GB' },
    paymentMethod: 'pm_card_visa',
  });
  let sequence = 0;
  const note = (...steps: HistoryItem['step'][]): OrderUpdate => ({
    orderId,
    workflowId: `order-${orderId}`,
    entries: steps.map((step) => ({ sequence: ++sequence, at: new Date().toISOString(), step, outcome: 'succeeded' })),
  });
  await activities.recordOrder(note('record'));
  const remaining = note('reserveStock', 'authorizePayment', 'bookShipment', 'confirm');
  await activities.confirmOrder({ ...remaining, trackingNumber: 'SB-1' });
}
