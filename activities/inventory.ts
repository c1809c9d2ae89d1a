import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef, Sku, StockLine } from './identity.ts';
import {
  type Implementation,
  Nothing,
  PageRequest,
  type RefusalOf,
  activity,
  operation,
  pageOf,
} from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import { text } from './text.ts';

export const ReserveStock = z.strictObject({ orderId: z.uuid(), lines: z.array(StockLine).min(1).max(2000) });
export type ReserveStock = z.infer<typeof ReserveStock>;
export const RestockReturn = z.strictObject({
  orderId: z.uuid(),
  returnId: z.uuid(),
  /** Only what can be sold again; may be empty. */
  lines: z.array(StockLine).max(2000),
});
export type RestockReturn = z.infer<typeof RestockReturn>;

/**
 * What a workflow may ask of the inventory service, durably. Implemented in services/inventory/.
 * Each is named by the order and the step: a repeat changes nothing and gets the first answer.
 */
export const inventoryActivities = {
  /**
   * Sets stock aside for one order: all of its lines or none. Lines of one SKU are summed.
   * Refuses `OutOfStock` (its message names each SKU that is short) and `Undone` after releaseStock.
   */
  reserveStock: activity({ request: ReserveStock, refuses: ['OutOfStock', 'Undone'] }),
  /** Undoes reserveStock, even if it never happened: it then cannot happen any more. Refuses `AlreadyCommitted`. */
  releaseStock: activity({ request: OrderRef, refuses: ['AlreadyCommitted'] }),
  /** The goods have left the building: what was reserved is no longer on hand. Refuses `NotReserved`. */
  commitStock: activity({ request: OrderRef, refuses: ['NotReserved'] }),
  /** Puts resellable goods of a return back on the shelf. Named by the return. */
  restockReturn: activity({ request: RestockReturn }),
};
export type InventoryActivities = Implementation<typeof inventoryActivities>;

/** Pieces. `available` is `onHand - reserved`; none is ever negative. */
export const Stock = z.object({ sku: z.string(), onHand: z.int(), reserved: z.int(), available: z.int() });
export type Stock = z.infer<typeof Stock>;

export const StockRef = z.strictObject({ sku: z.string() });
export type StockRef = z.infer<typeof StockRef>;
export const StockRefs = z.strictObject({ skus: z.array(z.string()).max(2000) });
export type StockRefs = z.infer<typeof StockRefs>;
export const AdjustStock = z.strictObject({
  /** Names the adjustment: a repeat changes nothing and gets the first answer. */
  adjustmentId: z.uuid(),
  sku: Sku,
  delta: z.int().min(-1_000_000_000).max(1_000_000_000),
  reason: text(500),
  /** The admin who did it. */
  adjustedBy: z.string(),
});
export type AdjustStock = z.infer<typeof AdjustStock>;

/** What the stock ledger says of one order: pieces reserved, released, shipped and brought back, per SKU. */
export const OrderStockBook = z.object({
  orderId: z.uuid(),
  lines: z.array(z.object({ sku: Sku, reserved: z.int(), released: z.int(), committed: z.int(), restocked: z.int() })),
});
export type OrderStockBook = z.infer<typeof OrderStockBook>;

/** What the inventory service can be asked at its door. */
export const inventoryRequests = {
  /** Stock of one SKU; zeros for one never adjusted. */
  getStock: operation({ request: StockRef, response: Stock }),
  /** Stock of each of these, in the order asked; zeros for one never adjusted. */
  getStocks: operation({ request: StockRefs, response: z.object({ items: z.array(Stock) }) }),
  /** Refuses `InsufficientStock` if it would leave less on hand than is reserved. */
  adjustStock: operation({ request: AdjustStock, response: Stock, refuses: ['InsufficientStock'] }),
  /** For reconciliation: what the ledger says, by ascending order id. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderStockBook) }),
  /** For reconciliation: every SKU whose balance is not the sum of its ledger, in words; empty when all agree. */
  checkBalances: operation({ request: Nothing, response: z.object({ discrepancies: z.array(z.string()) }) }),
};
export type InventoryRequests = Implementation<typeof inventoryRequests>;

export type InventoryRefusal = RefusalOf<typeof inventoryActivities> | RefusalOf<typeof inventoryRequests>;
export const inventoryRefusal = refusalFor<InventoryRefusal>();

/** Lines of one SKU are summed, so that a quantity may exceed what one line may ask for. */
const Reservation = z.object({ orderId: z.uuid(), lines: z.array(z.object({ sku: Sku, quantity: z.int().min(1) })) });
/** Subject: the order's id. */
export const inventoryEvents = {
  'inventory.reserved': Reservation,
  'inventory.released': Reservation,
  'inventory.reservation_failed': z.object({ orderId: z.uuid(), reason: z.string() }),
} satisfies EventShapes;
