import type { Selectable } from 'kysely';
import type { Stock } from '../../activities/inventory.ts';
import type { InventoryDatabase } from './database.ts';

/** A row of `stock`. */
export type Balance = Selectable<InventoryDatabase['stock']>;

/** The balance of a SKU that has none. */
export const noBalance = (sku: string): Balance => ({ sku, on_hand: 0, reserved: 0, low_stock_at: null, low: false });

/** Converts a balance to the contract's type. */
export const stockOf = ({ sku, on_hand, reserved, low_stock_at }: Balance): Stock => ({
  sku,
  onHand: on_hand,
  reserved,
  available: on_hand - reserved,
  lowStockAt: low_stock_at,
});
