import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { NextAction } from '../../activities/order.ts';
import type { InterventionStep } from '../../activities/order-intervention.ts';
import type { Finding } from '../../activities/reconciliation.ts';
import type { PricedLine } from '../../activities/order-placing.ts';
import type { InterventionAction, RecaptureOutcome } from '../../activities/order-bookkeeping.ts';
import type { ParcelAction, ParcelStatus } from '../../activities/parcel.ts';
import type {
  FulfillmentStatus,
  OrderStatus,
  PaymentStatus,
  Rejection,
  Step,
  StepOutcome,
} from '../../activities/order-status.ts';
import type { RefundReason, RefundStatus } from '../../activities/refund.ts';
import type { ReceivedLine, ReturnStatus } from '../../activities/return.ts';
import type { InboxDatabase } from '../../platform/events/inbox.ts';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';
import type { Piece } from './pieces.ts';

/** Written as JSON text, read as a value. */
type Json<Value> = ColumnType<Value, string, string>;

export interface OrdersTable {
  id: string;
  /** Counts from 10001. */
  number: Generated<number>;
  customer_id: string;
  status: Generated<OrderStatus>;
  payment_status: Generated<PaymentStatus>;
  fulfillment_status: Generated<FulfillmentStatus>;
  /** The status to restore once no intervention is open. */
  resume_status: OrderStatus | null;
  resume_payment_status: PaymentStatus | null;
  lines: Json<PricedLine[]>;
  total_minor: number;
  currency: string;
  refunded_minor: Generated<number>;
  shipping_address: Json<ShippingAddress>;
  payment_method: string;
  /** Whether it is saved for later orders. */
  save_payment_method: Generated<boolean>;
  rejection: JSONColumnType<Rejection> | null;
  /** What the customer must do while the payment status is `awaiting_customer`. */
  next_action: JSONColumnType<NextAction> | null;
  /** Those of its first parcel that is not canceled. */
  tracking_number: string | null;
  promised_by: Date | null;
  /** Whether rows in `parcels` say how it travels. */
  in_parcels: Generated<boolean>;
  /** What was taken from the card. Null: what the payment status says. */
  captured_minor: number | null;
  /** What of it the processor has taken back, and was not collected since. */
  uncollected_minor: Generated<number>;
  /** The pieces that are not sent, and what they cost. */
  canceled_lines: JSONColumnType<Piece[]> | null;
  canceled_minor: Generated<number>;
  /** Until when its customer may name another payment method; null unless it waits for one. */
  payment_method_until: Date | null;
  /** What it was placed with, where that was changed since. */
  placed_as: JSONColumnType<{ paymentMethod?: string; shippingAddress?: ShippingAddress }> | null;
  returnable_until: Date | null;
  version: Generated<number>;
  /** Null while the order is a draft that no workflow has recorded yet. */
  recorded_at: Date | null;
  /** Whether the lines come from the customer's cart. */
  from_cart: Generated<boolean>;
  /** When the order first stopped being pending. */
  decided_at: Generated<Date | null>;
  /** When the order was fenced against confirmation; null while it may still be confirmed. */
  withheld_at: Generated<Date | null>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

/** The parcels of the orders that do not travel in one, and of those whose parcel was replaced or did not arrive. */
export interface ParcelsTable {
  id: string;
  order_id: string;
  position: GeneratedAlways<number>;
  lines: Json<Piece[]>;
  status: ParcelStatus;
  tracking_number: string | null;
  promised_by: Date | null;
  /** Its share of the order's total. */
  price_minor: number;
  /** What was to be captured when it left. Null until then. */
  asked_minor: number | null;
  /** What was captured when it left. Null until then. */
  captured_minor: number | null;
  told_late_at: Date | null;
  /** What staff decided about it, and why. */
  action: ParcelAction | null;
  note: string | null;
  decided_by: string | null;
  decided_at: Date | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface OrderHistoryTable {
  position: Generated<number>;
  order_id: string;
  workflow_id: string;
  sequence: number;
  at: Date | string;
  step: Step;
  outcome: StepOutcome;
  attempt: number | null;
  detail: string | null;
}

export interface InterventionsTable {
  id: string;
  /** Null for a finding that is about no order of ours. */
  order_id: string | null;
  workflow_id: string;
  step: InterventionStep;
  reason: string;
  state: Generated<'open' | 'resolved'>;
  action: InterventionAction | null;
  note: string | null;
  resolved_by: string | null;
  opened_at: Generated<Date>;
  resolved_at: Date | null;
  /** What a comparison of the books found, of the step `reconcile`; null for any other. */
  finding: JSONColumnType<Finding> | null;
  /** The same for the same finding. */
  finding_key: string | null;
  /** When a comparison last found it. */
  seen_at: Date | null;
}

export interface ReturnsTable {
  id: string;
  order_id: string;
  customer_id: string;
  status: Generated<ReturnStatus>;
  lines: Json<StockLine[]>;
  received: ColumnType<ReceivedLine[], string | undefined, string>;
  refund_minor: number | null;
  reason: string;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface RefundsTable {
  id: string;
  order_id: string;
  status: Generated<RefundStatus>;
  amount_minor: number;
  lines: JSONColumnType<StockLine[]> | null;
  reason: RefundReason;
  note: string | null;
  requested_by: string;
  tops_up_returns: Generated<boolean>;
  /** Whether it counts towards the limit of those who may refund only so much of an order. */
  limited: Generated<boolean>;
  /** What the card processor could not pay of it, in minor units: another refund has taken its place. */
  failed_minor: Generated<number>;
  /** Whether the refund in its place is for its pieces, because all of it has failed. */
  lines_moved: Generated<boolean>;
  workflow_started_at: Generated<Date | null>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

/** Captures that the card processor has taken back. */
export interface FailedCapturesTable {
  /** Of the capture that takes its place. */
  id: string;
  order_id: string;
  /** What it was to pay for: a parcel, or what failed before. */
  parcel_id: string;
  amount_minor: number;
  outcome: RecaptureOutcome | null;
  created_at: Generated<Date>;
}

/** The orders whose workflow is still to be started, by the order service itself. */
export interface WorkflowsToStartTable {
  order_id: string;
  due_at: Date;
}

/** Who ordered. A generated column has the name's search terms. */
export interface ContactsTable {
  customer_id: string;
  email: string;
  name: string;
}

/** A trigger adds a row for each SKU of a new order. */
export interface OrderSkusTable {
  sku: string;
  created_at: Date;
  order_id: string;
}

/** Append-only. */
export interface OrderNotesTable {
  id: string;
  order_id: string;
  author_id: string;
  text: string;
  created_at: Generated<Date>;
}

/** Guests whose orders belong to a user. */
export interface GuestClaimsTable {
  guest_id: string;
  user_id: string;
  claimed_at: Generated<Date>;
  /** When to look for orders of the guest next. */
  due_at: Generated<Date>;
  /** Set when no more orders of the guest can come. */
  settled_at: Date | null;
}

export interface OrderDatabase extends OutboxDatabase, InboxDatabase {
  orders: OrdersTable;
  parcels: ParcelsTable;
  order_skus: OrderSkusTable;
  order_notes: OrderNotesTable;
  contacts: ContactsTable;
  guest_claims: GuestClaimsTable;
  workflows_to_start: WorkflowsToStartTable;
  order_history: OrderHistoryTable;
  interventions: InterventionsTable;
  returns: ReturnsTable;
  refunds: RefundsTable;
  failed_captures: FailedCapturesTable;
}
