import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { NextAction } from '../../activities/order.ts';
import type { PricedLine } from '../../activities/order-placing.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
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
  rejection: JSONColumnType<Rejection> | null;
  /** Set while the payment status is `awaiting_customer`. */
  next_action: JSONColumnType<NextAction> | null;
  tracking_number: string | null;
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
  order_id: string;
  workflow_id: string;
  step: Step;
  reason: string;
  state: Generated<'open' | 'resolved'>;
  action: InterventionAction | null;
  note: string | null;
  resolved_by: string | null;
  opened_at: Generated<Date>;
  resolved_at: Date | null;
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
  workflow_started_at: Generated<Date | null>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
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
  order_skus: OrderSkusTable;
  order_notes: OrderNotesTable;
  contacts: ContactsTable;
  guest_claims: GuestClaimsTable;
  workflows_to_start: WorkflowsToStartTable;
  order_history: OrderHistoryTable;
  interventions: InterventionsTable;
  returns: ReturnsTable;
  refunds: RefundsTable;
}
