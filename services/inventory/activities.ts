import type { Kysely, Transaction } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { type InventoryActivities, type InventoryRefusal, inventoryEvents } from '../../activities/inventory.ts';
import { type EffectKey, once, undo } from '../../platform/contract/effect.ts';
import { createOutboxWriter } from '../../platform/events/outbox.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { InventoryDatabase } from './database.ts';
import { lockStock, move, moveLocked, openBalances, reservedFor, summed } from './movement.ts';

const write = createOutboxWriter('inventory', inventoryEvents);
const reservation = (orderId: string): EffectKey => ({ subject: orderId, step: 'reserveStock' });
const shipment = (orderId: string): EffectKey => ({ subject: orderId, step: 'commitStock' });

/** What workflows ask of the stock. Every step is one transaction, named by its order or return. */
export function createInventoryActivities(db: Kysely<InventoryDatabase>): InventoryActivities {
  return {
    async reserveStock({ orderId, lines }) {
      await once(
        db,
        reservation(orderId),
        (transaction) => reserve(transaction, orderId, summed(lines)),
        (transaction, { message }) =>
          write(transaction, {
            type: 'inventory.reservation_failed',
            subject: orderId,
            data: { orderId, reason: message },
          }),
      );
    },

    async releaseStock({ orderId }) {
      await undo(db, reservation(orderId), (transaction) => release(transaction, orderId));
    },

    async commitStock({ orderId }) {
      await once(db, shipment(orderId), async (transaction) => {
        if (!(await holdReservation(transaction, orderId))) {
          throw refusal('NotReserved', `no stock is set aside for order ${orderId}`);
        }
        const lines = await reservedFor(transaction, orderId);
        await move(transaction, { kind: 'commit', subject: orderId, orderId, lines });
      });
    },

    async restockReturn({ orderId, returnId, lines }) {
      await once(db, { subject: returnId, step: 'restockReturn' }, async (transaction) => {
        const back = summed(lines);
        await openBalances(transaction, back);
        await move(transaction, { kind: 'restock', subject: returnId, orderId, lines: back });
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
  if (shortages.length > 0) throw refusal('OutOfStock', listed(shortages));
  await moveLocked(transaction, { kind: 'reserve', subject: orderId, orderId, lines });
  await write(transaction, { type: 'inventory.reserved', subject: orderId, data: { orderId, lines } });
}

async function release(transaction: Transaction<InventoryDatabase>, orderId: string): Promise<void> {
  const { subject, step } = shipment(orderId);
  // The reservation's row is ours by now, and a commit takes it before it moves anything: this cannot change.
  const committed = await transaction
    .selectFrom('effects')
    .select('state')
    .where('subject', '=', subject)
    .where('step', '=', step)
    .where('state', '=', 'done')
    .executeTakeFirst();
  if (committed) throw refusal('AlreadyCommitted', `the goods of order ${orderId} have left the building`);
  const lines = await reservedFor(transaction, orderId);
  await move(transaction, { kind: 'release', subject: orderId, orderId, lines });
  await write(transaction, { type: 'inventory.released', subject: orderId, data: { orderId, lines } });
}

/** Whether stock is set aside for the order; if so it stays so until the transaction ends. */
async function holdReservation(transaction: Transaction<InventoryDatabase>, orderId: string): Promise<boolean> {
  const { subject, step } = reservation(orderId);
  const held = await transaction
    .selectFrom('effects')
    .select('state')
    .where('subject', '=', subject)
    .where('step', '=', step)
    .forUpdate()
    .executeTakeFirst();
  return held?.state === 'done';
}

// The reason goes into the order's history, which takes 1,000 characters a line, and into the workflow's.
const REASON_CHARACTERS = 900;

/** The shortages in one line, as many as there is room for, and how many more there are. */
function listed(shortages: string[]): string {
  let length = 0;
  const fitting = shortages.filter((shortage) => (length += shortage.length + 2) <= REASON_CHARACTERS);
  const more = shortages.length - fitting.length;
  return fitting.join('; ') + (more > 0 ? `; and ${more} more` : '');
}

const refusal = (code: InventoryRefusal, message: string) => new Refusal(code, message);
