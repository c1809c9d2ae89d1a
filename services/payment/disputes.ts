import { type Insertable, type Kysely, type Selectable, sql } from 'kysely';
import { type Dispute, type DisputeRef, type ReceivedEvent, paymentEvents } from '../../activities/payment.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { DisputesTable, Hold, PaymentDatabase, PaymentTransaction } from './database.ts';
import { holdOf } from './holds.ts';
import type { PaymentDependencies } from './operation.ts';
import { lockPayment, withHolds } from './payments.ts';
import type { CardDispute } from './processor.ts';

type DisputeRow = Selectable<DisputesTable>;

const writeEvent = createOutboxWriter('payment', paymentEvents);

/** Asks the processor how a dispute of a hold stands, and records it. Undefined if it knows no such dispute of this hold. */
export async function receiveDispute(
  dependencies: PaymentDependencies,
  hold: Hold,
  disputeId: string,
): Promise<ReceivedEvent | undefined> {
  const dispute = await followDispute(dependencies, hold, disputeId);
  return dispute && { meaning: 'disputed', orderId: hold.order_id, disputeId };
}

/** The same for a dispute that is recorded. */
export async function readDispute(
  dependencies: PaymentDependencies,
  { orderId, disputeId }: DisputeRef,
): Promise<Dispute> {
  const { db } = dependencies;
  const row = await db
    .selectFrom('disputes')
    .innerJoin('payments', 'payments.order_id', 'disputes.order_id')
    .selectAll('payments')
    .select('hold_id')
    .where('id', '=', disputeId)
    .where('disputes.order_id', '=', orderId)
    .executeTakeFirst();
  if (!row) throw new Error(`order ${orderId} has no dispute ${disputeId}`);
  const { hold_id: holdId, ...payment } = row;
  const dispute = await followDispute(dependencies, holdOf(await withHolds(db, payment), holdId), disputeId);
  if (!dispute) throw new Error(`the card processor does not know the dispute ${disputeId} of order ${orderId}`);
  return dispute;
}

async function followDispute(
  { db, processor }: PaymentDependencies,
  { order_id: orderId, hold_id: holdId, reference }: Hold,
  disputeId: string,
): Promise<Dispute | undefined> {
  const ref = { id: disputeId, order_id: orderId, hold_id: holdId };
  for (;;) {
    const version = (await findDispute(db, disputeId))?.version;
    const now = await processor.findDispute({ orderId, holdId, reference, id: disputeId });
    if (!now) return undefined;
    const recording = { ref, version, now };
    const row = await db.transaction().execute((transaction) => record(transaction, recording));
    if (row) return viewOf(row);
  }
}

const findDispute = (db: Kysely<PaymentDatabase>, id: string): Promise<DisputeRow | undefined> =>
  db.selectFrom('disputes').selectAll().where('id', '=', id).executeTakeFirst();

/**
 * Records how it stands, once for each change, with the money that the processor has moved. Undefined if another answer was
 * recorded since this version: the processor is then asked again, lest an older answer replaces a newer one.
 */
async function record(
  transaction: PaymentTransaction,
  {
    ref,
    version,
    now,
  }: { ref: Pick<DisputeRow, 'id' | 'order_id' | 'hold_id'>; version: number | undefined; now: CardDispute },
): Promise<DisputeRow | undefined> {
  await lockPayment(transaction, ref.order_id);
  const known = await findDispute(transaction, ref.id);
  if (known?.version !== version) return undefined;
  const stands = standsOf(now);
  const before = known ?? (await open(transaction, { ...ref, ...stands, status: 'open', withdrawn: false }));
  const movedMinor = withdrawnMinorOf(stands) - withdrawnMinorOf(before);
  const row = await transaction
    .updateTable('disputes')
    .set({
      ...stands,
      moves: before.moves + (movedMinor === 0 ? 0 : 1),
      version: before.version + 1,
      updated_at: sql`now()`,
    })
    .where('id', '=', ref.id)
    .returningAll()
    .executeTakeFirstOrThrow();
  if (movedMinor !== 0) await post(transaction, row, movedMinor);
  if (now.status !== 'open' && now.status !== before.status) {
    const data = { orderId: row.order_id, disputeId: row.id, amount: amountOf(row), outcome: now.status };
    await writeEvent(transaction, { type: 'payment.dispute_closed', subject: row.order_id, data });
  }
  return row;
}

/** How it stands now. A question about one amount may become a dispute of another. */
const standsOf = ({ amount, reason, status, respondBy, withdrawn }: CardDispute) => ({
  amount_minor: amount.amountMinor,
  currency: amount.currency,
  reason,
  status,
  respond_by: respondBy,
  withdrawn,
});

/** What the processor has taken back now: this much is posted. */
const withdrawnMinorOf = ({ amount_minor, withdrawn }: Pick<DisputeRow, 'amount_minor' | 'withdrawn'>): number =>
  withdrawn ? amount_minor : 0;

async function open(transaction: PaymentTransaction, values: Insertable<DisputesTable>): Promise<DisputeRow> {
  const row = await transaction.insertInto('disputes').values(values).returningAll().executeTakeFirstOrThrow();
  const { order_id: orderId, id: disputeId, reason } = row;
  const data = { orderId, disputeId, amount: amountOf(row), reason };
  await writeEvent(transaction, { type: 'payment.disputed', subject: orderId, data });
  return row;
}

/** The processor has taken this much back; if it is negative, given it back. */
async function post(
  transaction: PaymentTransaction,
  { id, order_id, currency, moves }: DisputeRow,
  movedMinor: number,
): Promise<void> {
  const [kind, debit_account, credit_account] =
    movedMinor > 0
      ? (['dispute', 'disputes', 'processor_receivable'] as const)
      : (['dispute_won', 'processor_receivable', 'disputes'] as const);
  const effect = `${kind}:${id}:${moves}`;
  await transaction
    .insertInto('ledger_entries')
    .values({ order_id, effect, debit_account, credit_account, amount_minor: Math.abs(movedMinor), currency })
    .execute();
  await transaction
    .updateTable('payments')
    .set({ disputed_minor: sql`disputed_minor + ${movedMinor}`, updated_at: sql`now()` })
    .where('order_id', '=', order_id)
    .execute();
}

const viewOf = (row: DisputeRow): Dispute => ({
  status: row.status,
  amount: amountOf(row),
  withdrawn: row.withdrawn,
  reason: row.reason,
  respondBy: row.respond_by?.toISOString() ?? null,
});

const amountOf = ({ amount_minor: amountMinor, currency }: DisputeRow) => ({ amountMinor, currency });
