import type { ColumnType, Generated, Selectable, Transaction } from 'kysely';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

export type PaymentStatus = 'pending' | 'authorized' | 'declined' | 'captured' | 'voided';

/** Amounts are minor units of `currency`. */
export interface PaymentTable {
  order_id: string;
  status: Generated<PaymentStatus>;
  undone: Generated<boolean>;
  holder_asked: Generated<boolean>;
  amount_minor: number | null;
  currency: string | null;
  payment_method: string | null;
  reference: Generated<string | null>;
  authorized_minor: Generated<number>;
  voided_minor: Generated<number>;
  captured_minor: Generated<number>;
  refund_reserved_minor: Generated<number>;
  refunded_minor: Generated<number>;
  manually_refunded_minor: Generated<number>;
  created_at: ColumnType<Date, never, never>;
  updated_at: ColumnType<Date, never, unknown>;
}

/** A request to the processor, and its outcome. */
export interface OperationTable {
  order_id: string;
  step: string;
  state: 'asked' | 'done' | 'refused' | 'given_up';
  attempt: Generated<number>;
  amount_minor: number;
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

export interface PaymentDatabase extends OutboxDatabase {
  payments: PaymentTable;
  operations: OperationTable;
  ledger_entries: LedgerTable;
}

export type Payment = Selectable<PaymentTable>;
export type Operation = Selectable<OperationTable>;
export type PaymentTransaction = Transaction<PaymentDatabase>;
