import { randomUUID } from 'node:crypto';
import type { Stock } from '../../activities/inventory.ts';
import type { Intervention } from '../../activities/order-intervention.ts';
import type { Order } from '../../activities/order.ts';
import type { ListedParcel } from '../../activities/parcel.ts';
import type { Product } from '../../activities/product.ts';
import type { Return } from '../../activities/return.ts';
import type { User } from '../../activities/user.ts';

export const NOW = '2026-01-05T09:00:00.000Z';

/** A placed order; a test states only its difference. */
export const orderOf = (difference: Partial<Order>): Order => ({
  id: randomUUID(),
  number: '10001',
  customerId: randomUUID(),
  status: 'pending',
  paymentStatus: 'not_paid',
  fulfillmentStatus: 'not_fulfilled',
  lines: [{ sku: 'tea', name: 'Tea', quantity: 2, unitPrice: { amountMinor: 450, currency: 'GBP' } }],
  total: { amountMinor: 900, currency: 'GBP' },
  captured: { amountMinor: 0, currency: 'GBP' },
  refunded: { amountMinor: 0, currency: 'GBP' },
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'SW1', country: 'GB' },
  rejection: null,
  nextAction: null,
  trackingNumber: null,
  returnableUntil: null,
  allowedActions: ['cancel'],
  version: 1,
  createdAt: NOW,
  updatedAt: NOW,
  ...difference,
});

/** An order's only parcel, on its way. */
export const listedParcelOf = ({ parcel, ...difference }: ParcelDifference): ListedParcel => ({
  parcel: {
    id: randomUUID(),
    status: 'dispatched',
    lines: [{ sku: 'tea', quantity: 2 }],
    trackingNumber: 'SB-1',
    promisedBy: null,
    ...parcel,
  },
  orderId: randomUUID(),
  orderNumber: '10001',
  customerId: randomUUID(),
  late: false,
  decided: null,
  ...difference,
});
type ParcelDifference = Partial<Omit<ListedParcel, 'parcel'>> & { parcel?: Partial<ListedParcel['parcel']> };

/** Stock without a threshold; what is available follows from the rest. */
export const stockOf = ({ sku = 'tea', onHand = 0, reserved = 0, lowStockAt = null }: Partial<Stock>): Stock => ({
  sku,
  onHand,
  reserved,
  available: onHand - reserved,
  lowStockAt,
});

export const returnOf = (difference: Partial<Return>): Return => ({
  id: randomUUID(),
  orderId: randomUUID(),
  customerId: randomUUID(),
  status: 'requested',
  lines: [{ sku: 'tea', quantity: 1 }],
  received: [],
  refund: null,
  reason: 'broken',
  createdAt: NOW,
  updatedAt: NOW,
  ...difference,
});

export const productOf = (difference: Partial<Product>): Product => ({
  sku: 'tea',
  name: 'Tea',
  description: '',
  price: { amountMinor: 450, currency: 'GBP' },
  sold: true,
  version: 1,
  createdAt: NOW,
  updatedAt: NOW,
  ...difference,
});

export const userOf = (difference: Partial<User>): User => ({
  id: randomUUID(),
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  role: 'customer',
  shippingAddress: null,
  emailVerified: false,
  active: true,
  version: 1,
  createdAt: NOW,
  ...difference,
});

export const interventionOf = (difference: Partial<Intervention>): Intervention => ({
  id: randomUUID(),
  orderId: randomUUID(),
  workflowId: 'order-1',
  step: 'authorizePayment',
  reason: 'the processor refused the void',
  state: 'open',
  finding: null,
  blocks: {
    orderNumber: '10001',
    customerId: randomUUID(),
    returnId: null,
    amount: { amountMinor: 900, currency: 'GBP' },
  },
  attempts: 1,
  tried: [{ at: NOW, step: 'authorizePayment', outcome: 'compensation_failed', attempt: 1 }],
  allowedActions: [
    { action: 'retry', effect: 'Asks again.' },
    { action: 'skip', effect: 'Goes on.' },
  ],
  action: null,
  note: null,
  resolvedBy: null,
  openedAt: NOW,
  resolvedAt: null,
  ...difference,
});

/** The body of a valid order; a test states only its difference. */
export const orderBody = (difference: Record<string, unknown> = {}) => ({
  lines: [{ sku: 'tea', quantity: 2 }],
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'SW1', country: 'GB' },
  paymentMethod: 'pm_card_visa',
  ...difference,
});
