import type { Selectable } from 'kysely';
import type { HistoryItem } from '../../activities/order-status.ts';
import type { Order } from '../../activities/order.ts';
import type { Parcel } from '../../activities/parcel.ts';
import type { Return } from '../../activities/return.ts';
import { allowedActions } from './allowed-actions.ts';
import type { OrderRow } from './bookkeeping.ts';
import type { OrderHistoryTable, ReturnsTable } from './database.ts';
import type { ParcelRow } from './parcels.ts';
import { linesOf } from './pieces.ts';
import { capturedMinorOf } from './statuses.ts';
import { mustConfirm, waitsFor } from './waits-for.ts';

/** `returnable`: whether some of its pieces are neither returned nor about to be. */
export const orderView = (
  row: OrderRow,
  { returnable, parcels, now = Date.now() }: { returnable: boolean; parcels: readonly ParcelRow[]; now?: number },
): Order => ({
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
  nextAction: mustConfirm(row, now) ? row.next_action : null,
  trackingNumber: row.tracking_number,
  parcels: parcels.filter(({ status }) => status !== 'canceled').map(parcelView),
  canceledLines: linesOf(row.canceled_lines ?? []),
  waitsFor: waitsFor(row, { parcels, now }),
  returnableUntil: row.returnable_until?.toISOString() ?? null,
  allowedActions: allowedActions(row, { returnable, parcels, now }),
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});

export const parcelView = (row: ParcelRow): Parcel => ({
  id: row.id,
  status: row.status,
  lines: linesOf(row.lines),
  trackingNumber: row.tracking_number,
  promisedBy: row.promised_by?.toISOString() ?? null,
});

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
