import type { Kysely, Transaction } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { type InventoryActivities, inventoryEvents, inventoryRefusal } from '../../activities/inventory.ts';
import { type EffectKey, once, undo } from '../../platform/contract/effect.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import type { InventoryDatabase } from './database.ts';
import { lockStock, move, moveLocked, openBalances, reservedFor, sumBySku } from './movement.ts';

const writeEvent = createOutboxWriter('inventory', inventoryEvents);
const reservationKey = (orderId: string): EffectKey => ({ subject: orderId, step: 'reserveStock' });
const commitKey = (orderId: string): EffectKey => ({ subject: orderId, step: 'commitStock' });

/** The stock steps of workflows. Each step is one transaction, identified by its order or return. */
export function createInventoryActivities(db: Kysely<InventoryDatabase>): InventoryActivities {
  return {
    async reserveStock({ orderId, lines }) {
      await once(
        db,
        reservationKey(orderId),
        (transaction) => reserve(transaction, orderId, sumBySku(lines)),
        (transaction, { message }) =>
          writeEvent(transaction, {
            type: 'inventory.reservation_failed',
            subject: orderId,
            data: { orderId, reason: message },
          }),
      );
    },

    async releaseStock({ orderId }) {
      await undo(db, reservationKey(orderId), (transaction) => release(transaction, orderId));
    },

    async commitStock({ orderId }) {
      await once(db, commitKey(orderId), async (transaction) => {
        if (!(await lockReservation(transaction, orderId))) {
          throw inventoryRefusal('NotReserved', `no stock is reserved for order ${orderId}`);
        }
        const lines = await reservedFor(transaction, orderId);
        await move(transaction, { kind: 'commit', subject: orderId, orderId, lines });
      });
    },

    async restockReturn({ orderId, returnId, lines }) {
      await once(db, { subject: returnId, step: 'restockReturn' }, async (transaction) => {
        const returned = sumBySku(lines);
        await openBalances(transaction, returned);
        await move(transaction, { kind: 'restock', subject: returnId, orderId, lines: returned });
      });
    },
  };
}

async function reserve(
  transaction: Transaction<InventoryDatabase>,
  orderId: string,
  lines: StockLine[],
): Promise<void> {
  const balances = await lockStock(transaction, lines);
  const shortages = lines.flatMap(({ sku, quantity }) => {
    const balance = balances.get(sku);
    const available = balance ? balance.on_hand - balance.reserved : 0;
    return available < quantity ? [`${sku}: wanted ${quantity}, available ${available}`] : [];
  });
  if (shortages.length > 0) throw inventoryRefusal('OutOfStock', describeShortages(shortages));
  await moveLocked(transaction, { kind: 'reserve', subject: orderId, orderId, lines });
  await writeEvent(transaction, { type: 'inventory.reserved', subject: orderId, data: { orderId, lines } });
}

async function release(transaction: Transaction<InventoryDatabase>, orderId: string): Promise<void> {
  const { subject, step } = commitKey(orderId);
  // We hold the lock on the reservation, and a commit takes that lock before it moves stock: this cannot change.
  const committed = await transaction
    .selectFrom('effects')
    .select('state')
    .where('subject', '=', subject)
    .where('step', '=', step)
    .where('state', '=', 'done')
    .executeTakeFirst();
  if (committed) throw inventoryRefusal('AlreadyCommitted', `the stock of order ${orderId} has already been shipped`);
  const lines = await reservedFor(transaction, orderId);
  await move(transaction, { kind: 'release', subject: orderId, orderId, lines });
  await writeEvent(transaction, { type: 'inventory.released', subject: orderId, data: { orderId, lines } });
}

/** Whether stock is reserved for the order. Locks the reservation until the transaction ends. */
async function lockReservation(transaction: Transaction<InventoryDatabase>, orderId: string): Promise<boolean> {
  const { subject, step } = reservationKey(orderId);
  const held = await transaction
    .selectFrom('effects')
    .select('state')
    .where('subject', '=', subject)
    .where('step', '=', step)
    .forUpdate()
    .executeTakeFirst();
  return held?.state === 'done';
}

// The reason is stored in the order's history, which takes 1,000 characters an entry, and in the workflow's history.
const REASON_CHARACTERS = 900;

/** As many shortages as fit in one line, and the number of the others. */
function describeShortages(shortages: string[]): string {
  let length = 0;
  const fitting = shortages.filter((shortage) => (length += shortage.length + 2) <= REASON_CHARACTERS);
  const more = shortages.length - fitting.length;
  return fitting.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
