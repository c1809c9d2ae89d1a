import { connect } from '../../platform/database/connection.ts';
import type { InventoryDatabase } from '../../services/inventory/database.ts';
import { move, openBalances } from '../../services/inventory/movement.ts';
import { GOODS } from './orders.ts';

/** The pieces of each product before a run: more than any run sells. */
export const PIECES_ON_HAND = 10_000_000;

/** Adds stock of every product to an inventory database, connected as its owner. */
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
