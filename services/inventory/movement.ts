import { type Kysely, type Transaction, sql } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import { inventoryEvents } from '../../activities/inventory.ts';
import { type OutboxEvent, createOutbox } from '../../platform/events/outbox.ts';
import type { Balance } from './balance.ts';
import type { InventoryDatabase, MovementKind } from './database.ts';

export const outbox = createOutbox('inventory', inventoryEvents);
type InventoryEvent = OutboxEvent<typeof inventoryEvents>;

/** Stock that moves together, for one reason. At most one line per SKU; only an adjustment may be negative. */
export interface Movement {
  kind: MovementKind;
  /** The id of the order, parcel, release, return or adjustment. */
  subject: string;
  orderId: string | null;
  lines: readonly StockLine[];
  explanation?: { reason: string; adjustedBy: string };
  /** The event that says so. */
  event?: InventoryEvent;
}

/** How one unit of each kind of movement changes the two balances. */
const DIRECTIONS = {
  reserve: { onHand: 0, reserved: 1 },
  release: { onHand: 0, reserved: -1 },
  commit: { onHand: -1, reserved: -1 },
  restock: { onHand: 1, reserved: 0 },
  adjust: { onHand: 1, reserved: 0 },
} as const satisfies Record<MovementKind, { onHand: number; reserved: number }>;

/**
 * Moves stock: one statement changes the balances and the ledger, so that they always agree. It locks the balances in the
 * order of their SKUs, so that two movements never deadlock, and writes both columns as they were locked: an update that
 * adds to `reserved` is first checked against the row of the statement's snapshot, which may have been older and had less.
 * Readers in this process may notice `inventory.low` a quarter of a second later: it is rare, so nobody is woken for it.
 */
export async function move(transaction: Transaction<InventoryDatabase>, movement: Movement): Promise<void> {
  const { kind, subject, orderId, lines, explanation, event } = movement;
  const { onHand, reserved } = DIRECTIONS[kind];
  await sql`
    with line as (${unnest(lines)}),
    balance as (${lockedStock(lines)}),
    moved as (
      update stock
      set on_hand = balance.on_hand + ${onHand}::bigint * quantity,
        reserved = balance.reserved + ${reserved}::bigint * quantity
      from line join balance using (sku) where stock.sku = line.sku
      returning ${fallen}
    ),
    published as (${outbox.insert('line', event ? [event] : [])}),
    published_low as (${publishLow()})
    insert into stock_ledger (kind, subject, order_id, sku, on_hand_delta, reserved_delta, reason, adjusted_by)
    select ${kind}, ${subject}::uuid, ${orderId}::uuid, sku,
      ${onHand}::bigint * quantity, ${reserved}::bigint * quantity,
      ${explanation?.reason ?? null}, ${explanation?.adjustedBy ?? null}
    from line`.execute(transaction);
  if (event) outbox.announce();
}

/**
 * Reads the balances of these SKUs and locks them until the transaction ends. A SKU without stock has none.
 * Measured: 2,000 SKUs are locked in 10 ms and reserved in 100 ms; one conditional UPDATE per SKU takes 2,000 round
 * trips and a second.
 */
export async function lockStock(
  transaction: Transaction<InventoryDatabase>,
  lines: readonly StockLine[],
): Promise<Map<string, Balance>> {
  const { rows } = await sql<Balance>`${lockedStock(lines)}`.execute(transaction);
  return new Map(rows.map((row) => [row.sku, row]));
}

/** The query of `lockStock`, for a statement that does more. */
export const lockedStock = (lines: readonly StockLine[]) => sql`
  select sku, on_hand, reserved, low_stock_at, low from stock where sku = any(${lines.map(({ sku }) => sku)}::text[])
  order by sku for no key update`;

/** What an update of `stock` from the rows locked as `balance` returns, as its CTE `moved`, for `publishLow`. */
export const fallen = sql`
  stock.sku, stock.on_hand - stock.reserved as available, stock.low_stock_at, stock.low and not balance.low as fell`;

/**
 * Publishes `inventory.low` for each SKU that became low. The balances are locked, so one movement sees each change from
 * not low to low, and there is no other event before stock has been above the threshold again.
 */
export const publishLow = () =>
  outbox.insertEach(
    'inventory.low',
    sql`
      select sku as subject, jsonb_build_object('sku', sku, 'available', available, 'lowStockAt', low_stock_at) as data
      from moved where fell`,
  );

/** Creates a zero balance for each SKU that has none. Sorted, for the same reason as the locks. */
export async function openBalances(
  transaction: Transaction<InventoryDatabase>,
  lines: readonly StockLine[],
): Promise<void> {
  await sql`
    insert into stock (sku, on_hand, reserved) select sku, 0, 0 from (${unnest(lines)}) as line order by sku
    on conflict do nothing`.execute(transaction);
}

/** Sums the lines of each SKU. */
export function sumBySku(lines: readonly StockLine[]): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
}

/** What is still reserved for an order, according to the ledger. The caller holds the lock on the order's reservation. */
export async function stillReserved(
  db: Kysely<InventoryDatabase>,
  orderId: string,
): Promise<{ lines: StockLine[]; somethingCommitted: boolean }> {
  const { rows } = await sql<StockLine & { committed: boolean }>`
    select sku, sum(reserved_delta)::bigint as quantity, bool_or(kind = 'commit') as committed
    from stock_ledger where order_id = ${orderId}::uuid group by sku order by sku`.execute(db);
  return {
    lines: rows.filter(({ quantity }) => quantity > 0).map(({ sku, quantity }) => ({ sku, quantity })),
    somethingCommitted: rows.some(({ committed }) => committed),
  };
}

/** Of these lines, as much of each SKU as there is in `limits`. */
export function atMost(lines: readonly StockLine[], limits: readonly StockLine[]): StockLine[] {
  const limitOf = new Map(limits.map(({ sku, quantity }) => [sku, quantity]));
  return lines
    .map(({ sku, quantity }) => ({ sku, quantity: Math.min(quantity, limitOf.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}

/** The lines as rows. */
export const unnest = (lines: readonly StockLine[]) =>
  sql`select * from unnest(
    ${lines.map(({ sku }) => sku)}::text[],
    ${lines.map(({ quantity }) => quantity)}::bigint[]
  ) as given (sku, quantity)`;
