import type { ColumnType, Generated, GeneratedAlways, Selectable, Transaction } from 'kysely';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

export type PaymentStatus =
  'pending' | 'authorized' | 'declined' | 'partially_captured' | 'captured' | 'voided' | 'expired';

/** Amounts are minor units of `currency`. */
export interface PaymentTable {
  order_id: string;
  status: Generated<PaymentStatus>;
  undone: Generated<boolean>;
  holder_asked: Generated<boolean>;
  /** Whether its holds have rows of their own; if not, the payment itself is its only hold. */
  renewed: Generated<boolean>;
  amount_minor: number | null;
  currency: string | null;
  payment_method: string | null;
  reference: Generated<string | null>;
  authorized_minor: Generated<number>;
  voided_minor: Generated<number>;
  captured_minor: Generated<number>;
  capture_reserved_minor: Generated<number>;
  refund_reserved_minor: Generated<number>;
  refunded_minor: Generated<number>;
  manually_refunded_minor: Generated<number>;
  /** What was captured, and the processor has taken back since. */
  capture_failed_minor: Generated<number>;
  /** By people, outside of the processor, of what it has taken back. */
  manually_captured_minor: Generated<number>;
  /** What the processor has taken back because of disputes. */
  disputed_minor: Generated<number>;
  customer: Generated<string | null>;
  user_customer: Generated<string | null>;
  saves_method: Generated<boolean>;
  captures_several: Generated<boolean | null>;
  settled: Generated<boolean>;
  created_at: ColumnType<Date, never, never>;
  updated_at: ColumnType<Date, never, unknown>;
}

/** One hold of a payment that was held several times. */
export interface HoldTable {
  order_id: string;
  hold_id: string;
  number: number;
  amount_minor: number;
  payment_method: string;
  reference: Generated<string | null>;
  holder_asked: Generated<boolean>;
  closed: Generated<boolean>;
  captures_several: Generated<boolean | null>;
  /** As of a payment, whose own is the first hold's. */
  user_customer: Generated<string | null>;
  /** The capture that it was placed for, of what was captured and taken back. Null: of what is still to be sent. */
  capture_id: Generated<string | null>;
  authorized_minor: Generated<number>;
  voided_minor: Generated<number>;
  captured_minor: Generated<number>;
  capture_reserved_minor: Generated<number>;
  refund_reserved_minor: Generated<number>;
  refunded_minor: Generated<number>;
  capture_failed_minor: Generated<number>;
  created_at: ColumnType<Date, never, never>;
}

/** A request to the processor, and its outcome. */
export interface OperationTable {
  order_id: string;
  step: string;
  state: 'asked' | 'done' | 'refused' | 'given_up' | 'failed';
  attempt: Generated<number>;
  amount_minor: number;
  /** Null: the first hold. */
  hold_id: Generated<string | null>;
  /** Null: `amount_minor`. */
  asked_minor: Generated<number | null>;
  final: Generated<boolean | null>;
  receipt_id: Generated<string | null>;
  refusal_code: Generated<string | null>;
  refusal_message: Generated<string | null>;
  at: ColumnType<Date, never, unknown>;
}

export interface LedgerTable {
  order_id: string;
  effect: string;
  debit_account: string;
  credit_account: string;
  amount_minor: number;
  currency: string;
  at: ColumnType<Date, never, never>;
}

/** The platform's users at the processor. */
export interface CustomerTable {
  user_id: string;
  customer: string;
  created_at: ColumnType<Date, never, never>;
}

/** The payment methods that users have saved, also those that they have removed since. */
export interface SavedMethodTable {
  token: string;
  position: GeneratedAlways<number>;
  user_id: string;
  order_id: string;
  brand: string;
  last4: string;
  expiry_month: number;
  expiry_year: number;
  saved_at: ColumnType<Date, never, never>;
  removed_at: Date | null;
  /** When the processor had detached it from its customer. */
  detached_at: Date | null;
}

export interface DisputesTable {
  /** The processor's. */
  id: string;
  order_id: string;
  hold_id: string;
  amount_minor: number;
  currency: string;
  reason: string;
  respond_by: ColumnType<Date | null, string | null | undefined, string | null>;
  status: 'open' | 'won' | 'lost';
  /** Whether the processor has taken the amount back now. */
  withdrawn: Generated<boolean>;
  /** How often money has moved. */
  moves: Generated<number>;
  /** How often it was recorded. */
  version: Generated<number>;
  created_at: ColumnType<Date, never, never>;
  updated_at: ColumnType<Date, never, unknown>;
}

export interface PaymentDatabase extends OutboxDatabase {
  payments: PaymentTable;
  holds: HoldTable;
  operations: OperationTable;
  ledger_entries: LedgerTable;
  customers: CustomerTable;
  saved_methods: SavedMethodTable;
  disputes: DisputesTable;
}

export type PaymentRow = Selectable<PaymentTable>;
export type Operation = Selectable<OperationTable>;
export type PaymentTransaction = Transaction<PaymentDatabase>;

/** One hold, with or without a row of its own. Without terms it was given up before it was requested. */
export type Hold = Omit<Selectable<HoldTable>, 'amount_minor' | 'payment_method' | 'created_at'> &
  Pick<PaymentRow, 'amount_minor' | 'payment_method'>;

/** A payment with its holds, oldest first. */
export type Payment = PaymentRow & { holds: readonly Hold[] };
