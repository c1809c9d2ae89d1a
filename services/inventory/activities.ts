import { type Kysely, type Transaction, sql } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { type InventoryActivities, inventoryRefusal } from '../../activities/inventory.ts';
import { type EffectKey, claimKey, once, recall, undo } from '../../platform/contract/effect.ts';
import type { InventoryDatabase } from './database.ts';
import {
  fallen,
  lockedStock,
  move,
  openBalances,
  outbox,
  publishLow,
  reservedFor,
  sumBySku,
  unnest,
} from './movement.ts';

const reservationKey = (orderId: string): EffectKey => ({ subject: orderId, step: 'reserveStock' });
const commitKey = (orderId: string): EffectKey => ({ subject: orderId, step: 'commitStock' });

/** The stock steps of workflows. Each step is one transaction, identified by its order or return. */
export function createInventoryActivities(db: Kysely<InventoryDatabase>): InventoryActivities {
  return {
    async reserveStock({ orderId, lines }) {
      const wanted = sumBySku(lines);
      const { reserved, shortages } = await reserve(db, orderId, wanted);
      if (reserved) return outbox.announce();
      if (shortages.length > 0) await storeShortage(db, orderId, describeShortages(wanted, shortages));
      // An earlier call has decided, or this one has stored its refusal.
      await recall(db, reservationKey(orderId));
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

/** A SKU of which less is available than the order wants. */
interface Shortage {
  sku: string;
  available: number;
}

/**
 * Reserves all lines or none in one statement, so that a popular SKU stays locked no longer than a commit takes. Balances
 * are locked in the order of their SKUs before anything is written: two orders never deadlock. Like `move`, it writes
 * balances as they were locked.
 */
async function reserve(
  db: Kysely<InventoryDatabase>,
  orderId: string,
  lines: StockLine[],
): Promise<{ reserved: boolean; shortages: Shortage[] }> {
  const event = { type: 'inventory.reserved' as const, subject: orderId, data: { orderId, lines } };
  const { rows } = await sql<{ reserved: boolean; shortages: Shortage[] }>`
    with line as (${unnest(lines)}),
    balance as (${lockedStock(lines)}),
    shortage as (
      select sku, coalesce(on_hand - reserved, 0) as available from line left join balance using (sku)
      where coalesce(on_hand - reserved, 0) < quantity
    ),
    claim as (${claimKey(reservationKey(orderId), {}, sql`not exists (select from shortage)`)}),
    moved as (
      update stock set on_hand = balance.on_hand, reserved = balance.reserved + quantity
      from line join balance using (sku), claim where stock.sku = line.sku
      returning ${fallen}
    ),
    recorded as (
      insert into stock_ledger (kind, subject, order_id, sku, on_hand_delta, reserved_delta)
      select 'reserve', subject, subject, sku, 0, quantity from line, claim
    ),
    published as (${outbox.insert('claim', [event])}),
    published_low as (${publishLow()})
    select exists (select from claim) as reserved,
      (select coalesce(json_agg(shortage), '[]') from shortage) as shortages`.execute(db);
  return rows[0]!;
}

/** Stores the refusal and its event, unless the step has an outcome already. */
async function storeShortage(db: Kysely<InventoryDatabase>, orderId: string, reason: string): Promise<void> {
  const refusal = inventoryRefusal('OutOfStock', reason);
  const data = { orderId, reason };
  await sql`
    with claim as (${claimKey(reservationKey(orderId), { refusal })})
    ${outbox.insert('claim', [{ type: 'inventory.reservation_failed', subject: orderId, data }])}`.execute(db);
  outbox.announce();
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
  const event = { type: 'inventory.released' as const, subject: orderId, data: { orderId, lines } };
  await move(transaction, { kind: 'release', subject: orderId, orderId, lines, event });
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

/** As many shortages as fit in one line, in the order of the lines, and the number of the others. */
function describeShortages(lines: readonly StockLine[], shortages: readonly Shortage[]): string {
  const available = new Map(shortages.map((shortage) => [shortage.sku, shortage.available]));
  const described = lines
    .filter(({ sku }) => available.has(sku))
    .map(({ sku, quantity }) => `${sku}: wanted ${quantity}, available ${available.get(sku)}`);
  let length = 0;
  const fitting = described.filter((shortage) => (length += shortage.length + 2) <= REASON_CHARACTERS);
  const more = described.length - fitting.length;
  return fitting.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
