import type { Kysely } from 'kysely';
import { Sku } from '../../activities/identity.ts';
import { type AdjustStock, type InventoryRequests, type Stock, inventoryRefusal } from '../../activities/inventory.ts';
import { once } from '../../platform/contract/effect.ts';
import { noBalance, stockOf } from './balance.ts';
import type { InventoryDatabase } from './database.ts';
import { listStock, setLowStock } from './low-stock.ts';
import { lockStock, move, openBalances } from './movement.ts';
import { checkBalances, listBooks } from './reconciliation.ts';

/** The stock requests of the gateway and of reconciliation. */
export function createInventoryRequests(db: Kysely<InventoryDatabase>): InventoryRequests {
  return {
    async getStock({ sku }) {
      const [stock] = await readStocks(db, [sku]);
      return stock!;
    },
    getStocks: async ({ skus }) => ({ items: await readStocks(db, skus) }),
    adjustStock: (adjustment) => adjust(db, adjustment),
    listStock: (request) => listStock(db, request),
    setLowStock: (threshold) => setLowStock(db, threshold),
    listBooks: (page) => listBooks(db, page),
    checkBalances: async () => ({ discrepancies: await checkBalances(db) }),
  };
}

async function readStocks(db: Kysely<InventoryDatabase>, skus: string[]): Promise<Stock[]> {
  // An invalid SKU has no stock, and may contain characters that PostgreSQL does not accept.
  const validSkus = skus.filter((sku) => Sku.safeParse(sku).success);
  const rows = validSkus.length ? await db.selectFrom('stock').selectAll().where('sku', 'in', validSkus).execute() : [];
  const balances = new Map(rows.map((row) => [row.sku, row]));
  return skus.map((sku) => stockOf(balances.get(sku) ?? noBalance(sku)));
}

function adjust(
  db: Kysely<InventoryDatabase>,
  { adjustmentId, sku, delta, reason, adjustedBy }: AdjustStock,
): Promise<Stock> {
  return once(db, { subject: adjustmentId, step: 'adjustStock' }, async (transaction) => {
    const lines = [{ sku, quantity: delta }];
    await openBalances(transaction, lines);
    const balance = (await lockStock(transaction, lines)).get(sku)!;
    const adjusted = { ...balance, on_hand: balance.on_hand + delta };
    if (adjusted.on_hand < adjusted.reserved) {
      throw inventoryRefusal(
        'InsufficientStock',
        `${sku}: ${balance.on_hand} on hand and ${balance.reserved} reserved; an adjustment of ${delta} would leave less than is reserved`,
      );
    }
    const explanation = { reason, adjustedBy };
    await move(transaction, { kind: 'adjust', subject: adjustmentId, orderId: null, lines, explanation });
    return stockOf(adjusted);
  });
}
