import { type Kysely, sql } from 'kysely';
import type { OrderPaymentBook, PaymentRequests } from '../../activities/payment.ts';
import { decodeCursor, encodeCursor } from '../../platform/database/cursor.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { PaymentDatabase } from './database.ts';

/** What the payment service answers at its door. */
export function createPaymentRequests(db: Kysely<PaymentDatabase>): PaymentRequests {
  return {
    async listBooks({ after, limit }) {
      const rows = await readBooks(db, after === undefined ? FIRST : orderIdOf(after), limit + 1);
      const items = rows.slice(0, limit);
      return { items, next: rows.length > limit ? encodeCursor([items.at(-1)!.orderId]) : null };
    },
    checkBalances: async () => ({ discrepancies: await findDiscrepancies(db) }),
  };
}

/** Before every order id: none is all zeros. */
const FIRST = '00000000-0000-0000-0000-000000000000';

function orderIdOf(cursor: string): string {
  const [orderId] = decodeCursor(cursor, 1);
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(orderId!)) {
    throw new Refusal('BadCursor', 'this cursor was not handed out by this list');
  }
  return orderId!;
}

/** The ledger's sums of an order, by what moved; no rows of the ledger are zeros. */
const ledgerSums = sql`
  select coalesce(sum(amount_minor) filter (where debit_account = 'card_holds'), 0)::bigint as authorized,
         coalesce(sum(amount_minor) filter (where kind = 'void'), 0)::bigint as voided,
         coalesce(sum(amount_minor) filter (where debit_account = 'processor_receivable'), 0)::bigint as captured,
         coalesce(sum(amount_minor) filter (where kind = 'capture' and credit_account = 'card_holds'), 0)::bigint as used,
         coalesce(sum(amount_minor) filter (where debit_account = 'refunds'), 0)::bigint as refunded,
         coalesce(bool_and(currency = p.currency), true) as one_currency
  from (select *, split_part(effect, ':', 1) as kind from ledger_entries l where l.order_id = p.order_id) entries`;

/** Every payment with terms, also one of which the ledger says nothing: its book is all zeros. */
async function readBooks(db: Kysely<PaymentDatabase>, after: string, limit: number): Promise<OrderPaymentBook[]> {
  const { rows } = await sql<OrderPaymentBook>`
    select p.order_id as "orderId", p.currency, s.authorized as "authorizedMinor", s.voided as "voidedMinor",
           s.captured as "capturedMinor", s.refunded as "refundedMinor"
    from payments p cross join lateral (${ledgerSums}) s
    where p.order_id > ${after}::uuid and p.currency is not null
    order by p.order_id
    limit ${limit}`.execute(db);
  return rows;
}

/**
 * One statement, so that it sees one moment. A row of the ledger balances by its shape; what can be wrong is a
 * movement that is missing, doubled, in another currency, or at odds with what the payment says.
 */
async function findDiscrepancies(db: Kysely<PaymentDatabase>): Promise<string[]> {
  const { rows } = await sql<{ discrepancy: string }>`
    with book as (
      select p.*, s.*, coalesce(o.reserved, 0) as asked_refunds, coalesce(o.void_done, false) as void_done
      from payments p cross join lateral (${ledgerSums}) s
      left join lateral (
        select sum(amount_minor) filter (where step like 'refund:%' and state = 'asked')::bigint as reserved,
               bool_or(step = 'void' and state = 'done') as void_done
        from operations where order_id = p.order_id) o on true)
    select format('payment of order %s: %s', order_id, complaint) as discrepancy
    from book cross join lateral (values
      (authorized <> authorized_minor, format('authorized %s, the ledger says %s', authorized_minor, authorized)),
      (voided <> voided_minor, format('voided %s, the ledger says %s', voided_minor, voided)),
      (captured <> captured_minor, format('captured %s, the ledger says %s', captured_minor, captured)),
      (refunded <> refunded_minor, format('refunded %s, the ledger says %s', refunded_minor, refunded)),
      (used <> captured, format('the ledger takes %s out of what is held but books %s as sold', used, captured)),
      (not one_currency, 'the ledger has entries in another currency'),
      (refund_reserved_minor <> asked_refunds,
        format('%s reserved for refunds, those under way are of %s', refund_reserved_minor, asked_refunds)),
      (void_done and authorized > voided, format('%s still held after it was voided', authorized - voided))
    ) as found (wrong, complaint)
    where wrong
    order by order_id, complaint`.execute(db);
  return rows.map(({ discrepancy }) => discrepancy);
}
