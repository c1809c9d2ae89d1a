import type { Kysely, Transaction } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { type InventoryActivities, inventoryRefusal } from '../../activities/inventory.ts';
import { type EffectKey, once, undo } from '../../platform/contract/effect.ts';
import type { InventoryDatabase } from './database.ts';
import { atMost, move, openBalances, stillReserved, sumBySku } from './movement.ts';
import { reservationKey, reserve } from './reserve.ts';

/** The stock steps of workflows. Each step is one transaction, identified by its order, parcel, release or return. */
export function createInventoryActivities(db: Kysely<InventoryDatabase>): InventoryActivities {
  return {
    reserveStock: ({ orderId, lines }) =>
      reserve(db, { key: reservationKey(orderId), orderId, lines: sumBySku(lines) }),

    async releaseStock({ orderId }) {
      await undo(db, reservationKey(orderId), async (transaction) => {
        const { lines, somethingCommitted } = await stillReserved(transaction, orderId);
        if (lines.length === 0 && somethingCommitted) throw alreadyCommitted(orderId);
        await release(transaction, { subject: orderId, orderId, lines });
      });
    },

    async commitStock({ orderId, parcelId = orderId, lines }) {
      await once(db, commitKey(parcelId), async (transaction) => {
        await lockReservation(transaction, orderId);
        const reserved = (await stillReserved(transaction, orderId)).lines;
        const leaving = lines ? sumBySku(lines) : reserved;
        refuseMoreThan(reserved, { orderId, lines: leaving });
        await move(transaction, { kind: 'commit', subject: parcelId, orderId, lines: leaving });
      });
    },

    async releaseLines({ orderId, releaseId, lines }) {
      await once(db, { subject: releaseId, step: 'releaseLines' }, async (transaction) => {
        await lockReservation(transaction, orderId);
        const released = sumBySku(lines);
        refuseMoreThan((await stillReserved(transaction, orderId)).lines, { orderId, lines: released });
        await release(transaction, { subject: releaseId, orderId, lines: released });
      });
    },

    reserveParcel: ({ orderId, parcelId, lines }) =>
      reserve(db, { key: parcelKey(parcelId), orderId, lines: sumBySku(lines) }),

    async releaseParcel({ orderId, parcelId }) {
      await undo(db, parcelKey(parcelId), async (transaction) => {
        await lockReservation(transaction, orderId);
        if (await isDone(transaction, commitKey(parcelId))) throw alreadyCommitted(orderId);
        const { lines: reserved, somethingCommitted } = await stillReserved(transaction, orderId);
        const lines = atMost(await reservedBy(transaction, parcelId), reserved);
        if (lines.length === 0 && somethingCommitted) throw alreadyCommitted(orderId);
        await release(transaction, { subject: parcelId, orderId, lines });
      });
    },

    async restockParcel({ orderId, parcelId, lines }) {
      await restock(db, { key: { subject: parcelId, step: 'restockParcel' }, orderId, lines: sumBySku(lines) });
    },

    async restockReturn({ orderId, returnId, lines }) {
      await restock(db, { key: { subject: returnId, step: 'restockReturn' }, orderId, lines: sumBySku(lines) });
    },
  };
}

const commitKey = (subject: string): EffectKey => ({ subject, step: 'commitStock' });
const parcelKey = (parcelId: string): EffectKey => ({ subject: parcelId, step: 'reserveParcel' });

/** Goods of an order. At most one line per SKU. */
interface Goods {
  orderId: string;
  lines: StockLine[];
}

/**
 * Locks the order's reservation until the transaction ends. Whatever takes from what is reserved for an order holds this
 * lock before it reads how much that is, so that nothing is taken twice. There is such a row once anything is reserved.
 */
async function lockReservation(transaction: Transaction<InventoryDatabase>, orderId: string): Promise<void> {
  await selectEffect(transaction, reservationKey(orderId)).forUpdate().execute();
}

async function isDone(transaction: Transaction<InventoryDatabase>, key: EffectKey): Promise<boolean> {
  const effect = await selectEffect(transaction, key).executeTakeFirst();
  return effect?.state === 'done';
}

const selectEffect = (transaction: Transaction<InventoryDatabase>, { subject, step }: EffectKey) =>
  transaction.selectFrom('effects').select('state').where('subject', '=', subject).where('step', '=', step);

function refuseMoreThan(reserved: readonly StockLine[], { orderId, lines }: Goods): void {
  if (lines.length === 0) throw inventoryRefusal('NotReserved', `no stock is reserved for order ${orderId}`);
  const left = new Map(reserved.map(({ sku, quantity }) => [sku, quantity]));
  const short = lines.find(({ sku, quantity }) => quantity > (left.get(sku) ?? 0));
  if (!short) return;
  const { sku, quantity } = short;
  throw inventoryRefusal(
    'NotReserved',
    `${sku}: ${quantity} wanted, ${left.get(sku) ?? 0} reserved for order ${orderId}`,
  );
}

const alreadyCommitted = (orderId: string) =>
  inventoryRefusal('AlreadyCommitted', `the stock of order ${orderId} has already been shipped`);

/** What a parcel that is sent again has reserved. */
const reservedBy = (transaction: Transaction<InventoryDatabase>, parcelId: string): Promise<StockLine[]> =>
  transaction
    .selectFrom('stock_ledger')
    .select(['sku', 'reserved_delta as quantity'])
    .where('subject', '=', parcelId)
    .where('kind', '=', 'reserve')
    .orderBy('sku')
    .execute();

async function release(
  transaction: Transaction<InventoryDatabase>,
  { subject, orderId, lines }: Goods & { subject: string },
): Promise<void> {
  const event = { type: 'inventory.released' as const, subject: orderId, data: { orderId, lines } };
  await move(transaction, { kind: 'release', subject, orderId, lines, event });
}

const restock = (db: Kysely<InventoryDatabase>, { key, orderId, lines }: Goods & { key: EffectKey }): Promise<void> =>
  once(db, key, async (transaction) => {
    await openBalances(transaction, lines);
    await move(transaction, { kind: 'restock', subject: key.subject, orderId, lines });
  });
