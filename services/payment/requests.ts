import { type Kysely, sql } from 'kysely';
import type { OrderPaymentTotals, PaymentRequests } from '../../activities/payment.ts';
import { decodeId, encodeCursor } from '../../platform/database/cursor.ts';
import type { Payment, PaymentDatabase } from './database.ts';
import type { PaymentDependencies } from './operation.ts';
import type { ProcessorEvent } from './processor.ts';

/** What others ask the payment service at once: see the contract. */
export function createPaymentRequests({ db, processor }: PaymentDependencies): PaymentRequests {
  return {
    async receiveEvent(event) {
      const payment = await findPayment(db, processor.readEvent(event));
      if (!payment) return { meaning: 'nothing' };
      const { order_id: orderId, reference, status, undone, holder_asked: asked } = payment;
      if (!undone) return status === 'pending' && asked ? { meaning: 'awaited', orderId } : { meaning: 'nothing' };
      const isLate = (await wasVoided(db, orderId)) && (await processor.isHeld({ orderId, reference }));
      return isLate ? { meaning: 'heldLate', orderId } : { meaning: 'nothing' };
    },

    async listBooks({ after, limit }) {
      const rows = await readBooks(db, after === undefined ? FIRST : decodeId(after), limit + 1);
      const items = rows.slice(0, limit);
      return { items, next: rows.length > limit ? encodeCursor([items.at(-1)!.orderId]) : null };
    },
    checkBalances: async () => ({ discrepancies: await findDiscrepancies(db) }),
  };
}

/**
 * Whether the void was done, so that a hold is one that came after it. Where the processor refused the void, a person has
 * taken the hold over. Throws while the outcome is unknown: the event is sent again.
 */
async function wasVoided(db: Kysely<PaymentDatabase>, orderId: string): Promise<boolean> {
  const operation = await db
    .selectFrom('operations')
    .select('state')
    .where('order_id', '=', orderId)
    .where('step', '=', 'void')
    .executeTakeFirst();
  if (operation?.state === 'asked') throw new Error(`the void of order ${orderId} is under way`);
  return operation?.state === 'done';
}

async function findPayment(db: Kysely<PaymentDatabase>, event: ProcessorEvent): Promise<Payment | undefined> {
  if (!event) return undefined;
  const [column, value] =
    'orderId' in event ? (['order_id', event.orderId] as const) : (['reference', event.reference] as const);
  return db.selectFrom('payments').selectAll().where(column, '=', value).executeTakeFirst();
}

/** Sorts before every order id: RFC 9562's nil UUID. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/** The sums of an order's ledger entries, by kind; zeros if there are no entries. */
const ledgerSums = sql`
  select coalesce(sum(amount_minor) filter (where debit_account = 'card_holds'), 0)::bigint as authorized,
         coalesce(sum(amount_minor) filter (where kind = 'void'), 0)::bigint as voided,
         coalesce(sum(amount_minor) filter (where debit_account = 'processor_receivable'), 0)::bigint as captured,
         coalesce(sum(amount_minor) filter (where kind = 'capture' and credit_account = 'card_holds'), 0)::bigint as used,
         coalesce(sum(amount_minor) filter (where kind = 'refund'), 0)::bigint as refunded,
         coalesce(sum(amount_minor) filter (where kind = 'manual_refund'), 0)::bigint as manually_refunded,
         coalesce(bool_and(currency = p.currency), true) as one_currency
  from (select *, split_part(effect, ':', 1) as kind from ledger_entries l where l.order_id = p.order_id) entries`;

/** Every payment with terms; all sums are zero if the ledger has no entries for it. */
async function readBooks(db: Kysely<PaymentDatabase>, after: string, limit: number): Promise<OrderPaymentTotals[]> {
  const { rows } = await sql<OrderPaymentTotals>`
    select p.order_id as "orderId", p.currency, s.authorized as "authorizedMinor", s.voided as "voidedMinor",
           s.captured as "capturedMinor", s.refunded as "refundedMinor", s.manually_refunded as "manuallyRefundedMinor"
    from payments p cross join lateral (${ledgerSums}) s
    where p.order_id > ${after}::uuid and p.currency is not null
    order by p.order_id
    limit ${limit}`.execute(db);
  return rows;
}

/**
 * One statement, so that it reads a consistent snapshot. Each ledger row balances by construction; what can be wrong is
 * an entry that is missing, duplicated, in another currency, or inconsistent with the payment.
 */
async function findDiscrepancies(db: Kysely<PaymentDatabase>): Promise<string[]> {
  const { rows } = await sql<{ discrepancy: string }>`
    with balances as (
      select p.*, s.*, coalesce(o.reserved, 0) as pending_refunds, coalesce(o.void_done, false) as void_done
      from payments p cross join lateral (${ledgerSums}) s
      left join lateral (
        select sum(amount_minor) filter (where step like 'refund:%' and state = 'asked')::bigint as reserved,
               bool_or(step = 'void' and state = 'done') as void_done
        from operations where order_id = p.order_id) o on true)
    select format('payment of order %s: %s', order_id, description) as discrepancy
    from balances cross join lateral (values
      (authorized <> authorized_minor, format('authorized %s, the ledger says %s', authorized_minor, authorized)),
      (voided <> voided_minor, format('voided %s, the ledger says %s', voided_minor, voided)),
      (captured <> captured_minor, format('captured %s, the ledger says %s', captured_minor, captured)),
      (refunded <> refunded_minor, format('refunded %s, the ledger says %s', refunded_minor, refunded)),
      (manually_refunded <> manually_refunded_minor,
        format('manually refunded %s, the ledger says %s', manually_refunded_minor, manually_refunded)),
      (used <> captured, format('the ledger releases %s from holds but records %s as sales', used, captured)),
      (not one_currency, 'the ledger has entries in another currency'),
      (refund_reserved_minor <> pending_refunds,
        format('%s reserved for refunds, but pending refunds total %s', refund_reserved_minor, pending_refunds)),
      (void_done and authorized > voided, format('%s still held after the void', authorized - voided))
    ) as found (wrong, description)
    where wrong
    order by order_id, description`.execute(db);
  return rows.map(({ discrepancy }) => discrepancy);
}
