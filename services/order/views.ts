import type { Selectable } from 'kysely';
import type { HistoryItem } from '../../activities/order-status.ts';
import type { Order } from '../../activities/order.ts';
import type { Return } from '../../activities/return.ts';
import { allowedActions } from './allowed-actions.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderHistoryTable, ReturnsTable } from './database.ts';
import { capturedMinorOf } from './statuses.ts';

/** `returnable`: whether some of its pieces are neither returned nor about to be. */
export const orderView = (row: OrderRow, returnable: boolean): Order => ({
  id: row.id,
  number: String(row.number),
  customerId: row.customer_id,
  status: row.status,
  paymentStatus: row.payment_status,
  fulfillmentStatus: row.fulfillment_status,
  lines: row.lines,
  total: { amountMinor: row.total_minor, currency: row.currency },
  captured: { amountMinor: capturedMinorOf(row), currency: row.currency },
  refunded: { amountMinor: row.refunded_minor, currency: row.currency },
  shippingAddress: row.shipping_address,
  rejection: row.rejection,
  nextAction: mustActNow(row) ? row.next_action : null,
  trackingNumber: row.tracking_number,
  returnableUntil: row.returnable_until?.toISOString() ?? null,
  allowedActions: allowedActions(row, { returnable, now: Date.now() }),
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

const mustActNow = ({ status, payment_status, next_action }: OrderRow): boolean =>
  status === 'pending' && payment_status === 'awaiting_customer' && Date.parse(next_action!.expiresAt) > Date.now();

type HistoryRow = Pick<Selectable<OrderHistoryTable>, 'at' | 'step' | 'outcome' | 'attempt' | 'detail'>;

export const historyView = (row: HistoryRow): HistoryItem => ({
  at: new Date(row.at).toISOString(),
  step: row.step,
  outcome: row.outcome,
  ...(row.attempt !== null && { attempt: row.attempt }),
  ...(row.detail !== null && { detail: row.detail }),
});

export const returnView = (row: Selectable<ReturnsTable>, currency: string): Return => ({
  id: row.id,
  orderId: row.order_id,
  customerId: row.customer_id,
  status: row.status,
  lines: row.lines,
  received: row.received,
  refund: row.refund_minor === null ? null : { amountMinor: row.refund_minor, currency },
  reason: row.reason,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
