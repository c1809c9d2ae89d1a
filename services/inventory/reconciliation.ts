import { type Kysely, sql } from 'kysely';
import type { OrderStockTotals } from '../../activities/inventory.ts';
import type { Page, PageRequest } from '../../platform/contract/operation.ts';
import { decodeId, encodeCursor } from '../../platform/database/cursor.ts';
import type { InventoryDatabase } from './database.ts';

type BookLine = OrderStockTotals['lines'][number];

/** The ledger's sums for each order, by ascending order id. */
export async function listBooks(
  db: Kysely<InventoryDatabase>,
  { after, limit }: PageRequest,
): Promise<Page<OrderStockTotals>> {
  // Reads one order more than requested, to know whether there is a next page.
  const { rows } = await sql<BookLine & { orderId: string }>`
    with page as (
      select distinct order_id from stock_ledger
      where order_id > ${after === undefined ? FIRST : decodeId(after)}::uuid
      order by order_id limit ${limit + 1}
    )
    select order_id as "orderId", sku,
      coalesce(sum(reserved_delta) filter (where kind = 'reserve'), 0)::bigint as reserved,
      coalesce(-sum(reserved_delta) filter (where kind = 'release'), 0)::bigint as released,
      coalesce(-sum(on_hand_delta) filter (where kind = 'commit'), 0)::bigint as committed,
      coalesce(sum(on_hand_delta) filter (where kind = 'restock'), 0)::bigint as restocked
    from page join stock_ledger using (order_id)
    group by order_id, sku order by order_id, sku`.execute(db);
  const totals = new Map<string, OrderStockTotals>();
  for (const { orderId, ...line } of rows) {
    const totalsOfOrder = totals.get(orderId) ?? { orderId, lines: [] };
    totalsOfOrder.lines.push(line);
    totals.set(orderId, totalsOfOrder);
  }
  const items = [...totals.values()].slice(0, limit);
  return { items, next: totals.size > limit ? encodeCursor([items.at(-1)!.orderId]) : null };
}

/** Sorts before every order id: RFC 9562's nil UUID. */
const FIRST = '00000000-0000-0000-0000-000000000000';

/** Every SKU whose balance is not the sum of its movements. One statement reads a consistent snapshot of both. */
export async function checkBalances(db: Kysely<InventoryDatabase>): Promise<string[]> {
  const { rows } = await sql<
    Record<'onHand' | 'ledgerOnHand' | 'reserved' | 'ledgerReserved', number> & { sku: string }
  >`
    with ledger as (
      select sku, sum(on_hand_delta)::bigint as on_hand, sum(reserved_delta)::bigint as reserved
      from stock_ledger group by sku
    ), comparison as (
      select sku,
        coalesce(stock.on_hand, 0) as "onHand", coalesce(ledger.on_hand, 0) as "ledgerOnHand",
        coalesce(stock.reserved, 0) as reserved, coalesce(ledger.reserved, 0) as "ledgerReserved"
      from stock full join ledger using (sku)
    )
    select * from comparison where "onHand" <> "ledgerOnHand" or reserved <> "ledgerReserved" order by sku`.execute(db);
  return rows.map(
    ({ sku, onHand, ledgerOnHand, reserved, ledgerReserved }) =>
      `${sku}: on hand ${onHand}, the ledger says ${ledgerOnHand}; reserved ${reserved}, the ledger says ${ledgerReserved}`,
  );
}
