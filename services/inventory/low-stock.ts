import { type Kysely, sql } from 'kysely';
import { Sku } from '../../activities/identity.ts';
import { type ListStock, type SetLowStock, type Stock, inventoryRefusal } from '../../activities/inventory.ts';
import type { Page } from '../../platform/contract/operation.ts';
import { decodeCursor, encodeCursor } from '../../platform/database/cursor.ts';
import { type Balance, stockOf } from './balance.ts';
import type { InventoryDatabase } from './database.ts';
import { fallen, lockedStock, openBalances, outbox, publishLow } from './movement.ts';

/** A page of stock by ascending SKU. What is low is read from an index of its own, however many SKUs there are. */
export async function listStock(db: Kysely<InventoryDatabase>, { low, after, limit }: ListStock): Promise<Page<Stock>> {
  let query = db
    .selectFrom('stock')
    .selectAll()
    .orderBy('sku')
    // One more than requested shows whether there is a next page.
    .limit(limit + 1);
  // Written out: a plan that is kept for any value cannot use the index of what is low.
  if (low !== undefined) query = query.where(low ? sql<boolean>`low` : sql<boolean>`not low`);
  if (after !== undefined) query = query.where('sku', '>', skuOf(after));
  const rows = await query.execute();
  const items = rows.slice(0, limit).map(stockOf);
  return { items, next: rows.length > limit ? encodeCursor([items.at(-1)!.sku]) : null };
}

function skuOf(cursor: string): string {
  const [sku] = decodeCursor(cursor, 1) as [string];
  if (!Sku.safeParse(sku).success) throw inventoryRefusal('BadCursor', 'this cursor was not issued by this list');
  return sku;
}

/** Sets a threshold under the lock that movements take, so that the event is published by exactly one of them. */
export async function setLowStock(db: Kysely<InventoryDatabase>, { sku, lowStockAt }: SetLowStock): Promise<Stock> {
  const lines = [{ sku, quantity: 0 }];
  const balance = await db.transaction().execute(async (transaction) => {
    await openBalances(transaction, lines);
    const { rows } = await sql<Balance>`
      with balance as (${lockedStock(lines)}),
      moved as (
        update stock set low_stock_at = ${lowStockAt}::bigint from balance where stock.sku = balance.sku
        returning ${fallen}, stock.on_hand, stock.reserved, stock.low
      ),
      published_low as (${publishLow()})
      select sku, on_hand, reserved, low_stock_at, low from moved`.execute(transaction);
    return rows[0]!;
  });
  outbox.announce();
  return stockOf(balance);
}
