import { type Kysely, sql } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { inventoryRefusal } from '../../activities/inventory.ts';
import { type EffectKey, claimKey, recall } from '../../platform/contract/effect.ts';
import type { InventoryDatabase } from './database.ts';
import { fallen, lockedStock, outbox, publishLow, unnest } from './movement.ts';

/** What is to be reserved for an order, under the key of its step. At most one line per SKU. */
interface Reservation {
  key: EffectKey;
  orderId: string;
  lines: StockLine[];
}

/** The key of an order's own reservation. A parcel that is sent again reserves under a key of its own. */
export const reservationKey = (orderId: string): EffectKey => ({ subject: orderId, step: 'reserveStock' });

/** Reserves all lines or none, once. Refuses `OutOfStock`, and `Undone` after the compensation. */
export async function reserve(db: Kysely<InventoryDatabase>, wanted: Reservation): Promise<void> {
  const { reserved, shortages } = await reserveNow(db, wanted);
  if (reserved) return outbox.announce();
  if (shortages.length > 0) await storeShortage(db, wanted, describeShortages(wanted.lines, shortages));
  // An earlier call has decided, or this one has stored its refusal.
  await recall(db, wanted.key);
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
async function reserveNow(
  db: Kysely<InventoryDatabase>,
  { key, orderId, lines }: Reservation,
): Promise<{ reserved: boolean; shortages: Shortage[] }> {
  const event = { type: 'inventory.reserved' as const, subject: orderId, data: { orderId, lines } };
  const { rows } = await sql<{ reserved: boolean; shortages: Shortage[] }>`
    with line as (${unnest(lines)}),
    balance as (${lockedStock(lines)}),
    shortage as (
      select sku, coalesce(on_hand - reserved, 0) as available from line left join balance using (sku)
      where coalesce(on_hand - reserved, 0) < quantity
    ),
    claim as (${claimKey(key, {}, sql`not exists (select from shortage)`)}),
    moved as (
      update stock set on_hand = balance.on_hand, reserved = balance.reserved + quantity
      from line join balance using (sku), claim where stock.sku = line.sku
      returning ${fallen}
    ),
    recorded as (
      insert into stock_ledger (kind, subject, order_id, sku, on_hand_delta, reserved_delta)
      select 'reserve', subject, ${orderId}::uuid, sku, 0, quantity from line, claim
    ),
    ${key.subject === orderId ? sql`` : closeReservation(orderId)}
    published as (${outbox.insert('claim', [event])}),
    published_low as (${publishLow()})
    select exists (select from claim) as reserved,
      (select coalesce(json_agg(shortage), '[]') from shortage) as shortages`.execute(db);
  return rows[0]!;
}

/**
 * A CTE for a parcel that is sent again. If it is the first that is reserved for its order, the order's own reservation
 * cannot come late, and is there to be locked. Otherwise this changes nothing, and waits for nobody: we hold locks that
 * whoever has the reservation may want.
 */
const closeReservation = (orderId: string) => {
  const { subject, step } = reservationKey(orderId);
  return sql`past as (
      insert into effects (subject, step, state) select ${subject}::uuid, ${step}, 'undone' from claim
      where not exists (select from effects where subject = ${subject}::uuid and step = ${step})
      on conflict (subject, step) do nothing
    ),`;
};

/** Stores the refusal and its event, unless the step has an outcome already. */
async function storeShortage(
  db: Kysely<InventoryDatabase>,
  { key, orderId }: Reservation,
  reason: string,
): Promise<void> {
  const refusal = inventoryRefusal('OutOfStock', reason);
  const data = { orderId, reason };
  await sql`
    with claim as (${claimKey(key, { refusal })})
    ${outbox.insert('claim', [{ type: 'inventory.reservation_failed', subject: orderId, data }])}`.execute(db);
  outbox.announce();
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
