import { type Kysely, sql } from 'kysely';
import type { OrderPaymentTotals } from '../../activities/payment.ts';
import type { PaymentDatabase } from './database.ts';

/** The sums of an order's ledger entries, by kind; zeros if there are no entries. */
const ledgerSums = sql`
  select coalesce(sum(amount_minor) filter (where kind = 'authorize' and debit_account = 'card_holds'), 0)::bigint as authorized,
         coalesce(sum(amount_minor) filter (where kind in ('void', 'rest', 'expired')), 0)::bigint as voided,
         (coalesce(sum(amount_minor) filter (where kind = 'capture' and credit_account = 'sales'), 0)
           - coalesce(sum(amount_minor) filter (where kind = 'capture_failed' and debit_account = 'sales'), 0))::bigint as captured,
         (coalesce(sum(amount_minor) filter (where kind = 'capture' and credit_account = 'card_holds'), 0)
           - coalesce(sum(amount_minor) filter (where kind = 'capture_failed' and debit_account = 'card_holds'), 0))::bigint as used,
         coalesce(sum(amount_minor) filter (where kind = 'capture_failed' and debit_account = 'sales'), 0)::bigint as capture_failed,
         coalesce(sum(amount_minor) filter (where kind = 'manual_capture'), 0)::bigint as manually_captured,
         (coalesce(sum(amount_minor) filter (where kind = 'dispute'), 0)
           - coalesce(sum(amount_minor) filter (where kind = 'dispute_won'), 0))::bigint as disputed,
         (coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)
           - coalesce(sum(amount_minor) filter (where kind = 'refund_failed'), 0))::bigint as refunded,
         coalesce(sum(amount_minor) filter (where kind = 'manual_refund'), 0)::bigint as manually_refunded,
         coalesce(bool_and(currency = p.currency), true) as one_currency
  from (select *, split_part(effect, ':', 1) as kind from ledger_entries l where l.order_id = p.order_id) entries`;

/** Every payment with terms; all sums are zero if the ledger has no entries for it. */
export async function readBooks(
  db: Kysely<PaymentDatabase>,
  after: string,
  limit: number,
): Promise<OrderPaymentTotals[]> {
  const { rows } = await sql<OrderPaymentTotals>`
    select p.order_id as "orderId", p.currency, s.authorized as "authorizedMinor", s.voided as "voidedMinor",
           s.captured as "capturedMinor", s.manually_captured as "manuallyCapturedMinor",
           s.refunded as "refundedMinor", s.manually_refunded as "manuallyRefundedMinor"
    from payments p cross join lateral (${ledgerSums}) s
    where p.order_id > ${after}::uuid and p.currency is not null
    order by p.order_id
    limit ${limit}`.execute(db);
  return rows;
}

/** What the steps under way have reserved. */
const operationSums = sql`
  select coalesce(sum(coalesce(asked_minor, amount_minor)) filter (where step like 'refund:%' and state = 'asked'), 0)::bigint
           as pending_refunds,
         -- Those that an earlier version began have reserved nothing.
         coalesce(sum(asked_minor) filter (where split_part(step, ':', 1) = 'capture' and state = 'asked'), 0)::bigint
           as pending_captures
  from operations o where o.order_id = p.order_id`;

/**
 * The sums of a payment's holds, in an array; and what is still held of those whose release is done, and of all once nothing is
 * captured any more and no step is under way.
 */
const holdSums = sql`
  select array[sum(h.authorized_minor), sum(h.voided_minor), sum(h.captured_minor), sum(h.capture_reserved_minor),
           sum(h.refunded_minor), sum(h.refund_reserved_minor), sum(h.capture_failed_minor)]::bigint[] as of_holds,
         coalesce(sum(h.authorized_minor - h.voided_minor - h.captured_minor) filter (where exists (
           select from operations o
           where o.order_id = p.order_id and o.state = 'done'
             and (o.step = 'void' || case when h.number = 1 then '' else ':' || h.hold_id end
               or o.step = 'rest' and coalesce(o.hold_id, o.order_id) = h.hold_id))), 0)::bigint as left_over,
         case when (p.undone or p.status = 'captured')
             -- A person is asked about a void that was refused, and knows of its hold.
             and not exists (select from operations o where o.order_id = p.order_id
               and (o.state = 'asked' or p.undone and o.step = 'void' and o.state = 'refused'))
           then coalesce(sum(h.authorized_minor - h.voided_minor - h.captured_minor), 0)::bigint else 0 end as unreleased
  from (
    select hold_id, number, authorized_minor, voided_minor, captured_minor, capture_reserved_minor, refunded_minor,
      refund_reserved_minor, capture_failed_minor
    from holds where holds.order_id = p.order_id
    union all
    select p.order_id, 1, p.authorized_minor, p.voided_minor, p.captured_minor, p.capture_reserved_minor, p.refunded_minor,
      p.refund_reserved_minor, p.capture_failed_minor
    where not p.renewed) h`;

/**
 * One statement, so that it reads a consistent snapshot. Each ledger row balances by construction; what can be wrong is
 * an entry that is missing, duplicated, in another currency, or inconsistent with the payment.
 */
export async function findDiscrepancies(db: Kysely<PaymentDatabase>): Promise<string[]> {
  const { rows } = await sql<{ discrepancy: string }>`
    with balances as (
      select p.*, s.*, o.*, h.*,
        array[authorized_minor, voided_minor, captured_minor, capture_reserved_minor, refunded_minor,
          refund_reserved_minor, capture_failed_minor] as of_payment
      from payments p cross join lateral (${ledgerSums}) s cross join lateral (${operationSums}) o
      cross join lateral (${holdSums}) h)
    select format('payment of order %s: %s', order_id, description) as discrepancy
    from balances cross join lateral (values
      (authorized <> authorized_minor, format('authorized %s, the ledger says %s', authorized_minor, authorized)),
      (voided <> voided_minor, format('voided %s, the ledger says %s', voided_minor, voided)),
      (captured <> captured_minor, format('captured %s, the ledger says %s', captured_minor, captured)),
      (refunded <> refunded_minor, format('refunded %s, the ledger says %s', refunded_minor, refunded)),
      (capture_failed <> capture_failed_minor,
        format('captured and taken back %s, the ledger says %s', capture_failed_minor, capture_failed)),
      (manually_captured <> manually_captured_minor,
        format('manually captured %s, the ledger says %s', manually_captured_minor, manually_captured)),
      (disputed <> disputed_minor, format('disputed %s, the ledger says %s', disputed_minor, disputed)),
      (manually_refunded <> manually_refunded_minor,
        format('manually refunded %s, the ledger says %s', manually_refunded_minor, manually_refunded)),
      (used <> captured, format('the ledger releases %s from holds but records %s as sales', used, captured)),
      (not one_currency, 'the ledger has entries in another currency'),
      (refund_reserved_minor <> pending_refunds,
        format('%s reserved for refunds, but pending refunds total %s', refund_reserved_minor, pending_refunds)),
      (capture_reserved_minor <> pending_captures,
        format('%s reserved for captures, but pending captures total %s', capture_reserved_minor, pending_captures)),
      (of_holds is distinct from of_payment,
        format('the sums of its holds are %s, its own are %s', of_holds, of_payment)),
      (left_over <> 0, format('%s still held after the void', left_over)),
      (unreleased <> 0 and left_over = 0, format('%s still held although nothing more is captured', unreleased))
    ) as found (wrong, description)
    where wrong
    order by order_id, description`.execute(db);
  return rows.map(({ discrepancy }) => discrepancy);
}
