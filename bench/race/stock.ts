import { connect } from '../../platform/database/connection.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import { move, openBalances } from '../../services/inventory/movement.ts';
import { GOODS } from './orders.ts';

/** More than any run can sell. */
const PIECES_ON_HAND = 10_000_000;

/** Fills the shelves of an inventory database, by its owner's URL. */
export async function stockUp(url: string): Promise<void> {
  const db = connect<InventoryDatabase>(url, 1);
  const lines = GOODS.map(({ sku }) => ({ sku, quantity: PIECES_ON_HAND }));
  const explanation = { reason: 'bench', adjustedBy: 'bench' };
  try {
    await db.transaction().execute(async (transaction) => {
      await openBalances(transaction, lines);
      await move(transaction, { kind: 'adjust', subject: crypto.randomUUID(), orderId: null, lines, explanation });
    });
  } finally {
    await db.destroy();
  }
}
