import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef, Sku, StockLine } from './identity.ts';
import { Done, Nothing, type Operations, type Page, PageRequest, pageOf } from '../platform/contract/operation.ts';
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
export interface InventoryActivities {
  /**
   * Sets stock aside for one order: all of its lines or none. Lines of one SKU are summed.
   * Refuses `OutOfStock` (its message names each SKU that is short) and `Undone` after releaseStock.
   */
  reserveStock(request: ReserveStock): Promise<void>;
  /** Undoes reserveStock, even if it never happened: it then cannot happen any more. Refuses `AlreadyCommitted`. */
  releaseStock(request: OrderRef): Promise<void>;
  /** The goods have left the building: what was reserved is no longer on hand. Refuses `NotReserved`. */
  commitStock(request: OrderRef): Promise<void>;
  /** Puts resellable goods of a return back on the shelf. Named by the return. */
  restockReturn(request: RestockReturn): Promise<void>;
}

export const inventoryActivities = {
  reserveStock: { request: ReserveStock, response: Done, repeatable: true },
  releaseStock: { request: OrderRef, response: Done, repeatable: true },
  commitStock: { request: OrderRef, response: Done, repeatable: true },
  restockReturn: { request: RestockReturn, response: Done, repeatable: true },
} satisfies Operations<InventoryActivities>;

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
export interface InventoryRequests {
  /** Stock of one SKU; zeros for one never adjusted. */
  getStock(request: StockRef): Promise<Stock>;
  /** Stock of each of these, in the order asked; zeros for one never adjusted. */
  getStocks(request: StockRefs): Promise<{ items: Stock[] }>;
  /** Refuses `InsufficientStock` if it would leave less on hand than is reserved. */
  adjustStock(request: AdjustStock): Promise<Stock>;
  /** For reconciliation: what the ledger says, by ascending order id. */
  listBooks(request: PageRequest): Promise<Page<OrderStockBook>>;
  /** For reconciliation: every SKU whose balance is not the sum of its ledger, in words; empty when all agree. */
  checkBalances(request: Nothing): Promise<{ discrepancies: string[] }>;
}

export const inventoryRequests = {
  getStock: { request: StockRef, response: Stock, repeatable: true },
  getStocks: { request: StockRefs, response: z.object({ items: z.array(Stock) }), repeatable: true },
  adjustStock: { request: AdjustStock, response: Stock, repeatable: true },
  listBooks: { request: PageRequest, response: pageOf(OrderStockBook), repeatable: true },
  checkBalances: {
    request: Nothing,
    response: z.object({ discrepancies: z.array(z.string()) }),
    repeatable: true,
  },
} satisfies Operations<InventoryRequests>;

export const InventoryRefusal = z.enum([
  'OutOfStock',
  'InsufficientStock',
  'AlreadyCommitted',
  'NotReserved',
  'Undone',
]);
export type InventoryRefusal = z.infer<typeof InventoryRefusal>;

/** Lines of one SKU are summed, so that a quantity may exceed what one line may ask for. */
const Reservation = z.object({ orderId: z.uuid(), lines: z.array(z.object({ sku: Sku, quantity: z.int().min(1) })) });
/** Subject: the order's id. */
export const inventoryEvents = {
  'inventory.reserved': Reservation,
  'inventory.released': Reservation,
  'inventory.reservation_failed': z.object({ orderId: z.uuid(), reason: z.string() }),
} satisfies EventShapes;
