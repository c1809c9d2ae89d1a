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
export const CommitStock = z
  .strictObject({
    orderId: z.uuid(),
    parcelId: z.uuid().optional(),
    lines: z.array(StockLine).min(1).max(2000).optional(),
  })
  .refine(({ parcelId, lines }) => (parcelId === undefined) === (lines === undefined), {
    error: 'parcelId and lines must be given together',
  });
export type CommitStock = z.infer<typeof CommitStock>;
export const ReleaseLines = z.strictObject({
  orderId: z.uuid(),
  releaseId: z.uuid(),
  lines: z.array(StockLine).min(1).max(2000),
});
export type ReleaseLines = z.infer<typeof ReleaseLines>;
/** A parcel with an id of its own: never the order's first. */
export const ReserveParcel = z.strictObject({
  orderId: z.uuid(),
  parcelId: z.uuid(),
  lines: z.array(StockLine).min(1).max(2000),
});
export type ReserveParcel = z.infer<typeof ReserveParcel>;
export const ReleaseParcel = z.strictObject({ orderId: z.uuid(), parcelId: z.uuid() });
export type ReleaseParcel = z.infer<typeof ReleaseParcel>;
export const RestockParcel = z.strictObject({
  orderId: z.uuid(),
  parcelId: z.uuid(),
  lines: z.array(StockLine).max(2000),
});
export type RestockParcel = z.infer<typeof RestockParcel>;
export const RestockReturn = z.strictObject({
  orderId: z.uuid(),
  returnId: z.uuid(),
  /** Resellable pieces only; may be empty. */
  lines: z.array(StockLine).max(2000),
});
export type RestockReturn = z.infer<typeof RestockReturn>;

/**
 * What workflows call on the inventory service, durably. Implemented in services/inventory/.
 * Each effect is identified by the order, or what its docstring names, and the step. A repeat changes nothing and returns the first response.
 */
export const inventoryActivities = {
  /**
   * Reserves stock for one order: all lines or none. Lines of one SKU are summed.
   * Refuses `OutOfStock` (the message lists the SKUs that are short) and `Undone` after releaseStock.
   */
  reserveStock: activity({ request: ReserveStock, refuses: ['OutOfStock', 'Undone'] }),
  /**
   * Compensates reserveStock, even if it never happened: it then cannot happen any more. Releases what is still reserved
   * for the order. Refuses `AlreadyCommitted` if nothing is, and something was committed.
   */
  releaseStock: activity({ request: OrderRef, refuses: ['AlreadyCommitted'] }),
  /**
   * Removes reserved pieces from stock: they have left the warehouse. With `parcelId` and `lines` those of a parcel,
   * identified by the parcel; without them everything that is still reserved for the order. Refuses `NotReserved` if
   * nothing is, or less of a SKU than the parcel contains.
   */
  commitStock: activity({ request: CommitStock, refuses: ['NotReserved'] }),
  /**
   * Releases some of the order's reserved pieces before they have left: a part of the order was canceled. Identified by
   * the release. Refuses `NotReserved` if less of a SKU is reserved.
   */
  releaseLines: activity({ request: ReleaseLines, refuses: ['NotReserved'] }),
  /**
   * Reserves more for an order, for a parcel that is sent again: all lines or none. Identified by the parcel. If nothing
   * was ever reserved for the order, reserveStock cannot happen any more. Refuses `OutOfStock`, as reserveStock does, and
   * `Undone` after releaseParcel.
   */
  reserveParcel: activity({ request: ReserveParcel, refuses: ['OutOfStock', 'Undone'] }),
  /**
   * Compensates reserveParcel, even if it never happened: it then cannot happen any more. Releases as many of the parcel's
   * pieces as are still reserved for the order. Refuses `AlreadyCommitted` if the parcel was committed, or if none is still
   * reserved and something was committed.
   */
  releaseParcel: activity({ request: ReleaseParcel, refuses: ['AlreadyCommitted'] }),
  /** Adds the pieces of a parcel that came back to the sender to stock. Identified by the parcel. */
  restockParcel: activity({ request: RestockParcel }),
  /** Adds the resellable pieces of a return to stock. Identified by the return instead of the order. */
  restockReturn: activity({ request: RestockReturn }),
};
export type InventoryActivities = Implementation<typeof inventoryActivities>;

/** A number of pieces. */
const Pieces = z.int().min(0).max(1_000_000_000);

/** Pieces of one SKU. `available` is `onHand - reserved`. None is ever negative. */
export const Stock = z.object({
  sku: z.string(),
  onHand: z.int(),
  reserved: z.int(),
  available: z.int(),
  /**
   * Stock is low while no more than this is available. Null: it never is. Absent in responses from before there were
   * thresholds: an adjustment's first response is stored.
   */
  lowStockAt: z.int().nullable().default(null),
});
export type Stock = z.infer<typeof Stock>;

export const StockRef = z.strictObject({ sku: z.string() });
export type StockRef = z.infer<typeof StockRef>;
export const StockRefs = z.strictObject({ skus: z.array(z.string()).max(2000) });
export type StockRefs = z.infer<typeof StockRefs>;
export const AdjustStock = z.strictObject({
  /** Identifies the adjustment. */
  adjustmentId: z.uuid(),
  sku: Sku,
  /** Pieces to add to the stock on hand; negative to remove. */
  delta: z.int().min(-1_000_000_000).max(1_000_000_000),
  reason: text(500),
  /** The administrator's or client's id. */
  adjustedBy: z.string(),
});
export type AdjustStock = z.infer<typeof AdjustStock>;

export const ListStock = z.strictObject({
  /** True: only what is low; false: only what is not. Absent: all. */
  low: z.boolean().optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListStock = z.infer<typeof ListStock>;
export const SetLowStock = z.strictObject({ sku: Sku, lowStockAt: Pieces.nullable() });
export type SetLowStock = z.infer<typeof SetLowStock>;

/**
 * The stock ledger's totals of one order, in pieces per SKU, those of all its parcels, releases and returns included.
 * `committed`: shipped. `restocked`: returned to stock.
 */
export const OrderStockTotals = z.object({
  orderId: z.uuid(),
  lines: z.array(z.object({ sku: Sku, reserved: z.int(), released: z.int(), committed: z.int(), restocked: z.int() })),
});
export type OrderStockTotals = z.infer<typeof OrderStockTotals>;

/** What the inventory service's HTTP API offers. */
export const inventoryRequests = {
  /** Stock of one SKU. All zeros for an SKU that was never adjusted. */
  getStock: operation({ request: StockRef, response: Stock }),
  /** Stock of several SKUs, in the order requested. All zeros for an SKU that was never adjusted. */
  getStocks: operation({ request: StockRefs, response: z.object({ items: z.array(Stock) }) }),
  /**
   * Changes the stock on hand and returns the new stock. A repeat changes nothing and returns the first response.
   * Refuses `InsufficientStock` if fewer pieces would be on hand than are reserved; a refusal is final for this id.
   */
  adjustStock: operation({ request: AdjustStock, response: Stock, refuses: ['InsufficientStock'] }),
  /** Stock by ascending SKU, of every SKU that was ever adjusted or has a threshold. Refuses `BadCursor`. */
  listStock: operation({ request: ListStock, response: pageOf(Stock), refuses: ['BadCursor'] }),
  /**
   * Sets the threshold of a SKU, or removes it, and returns its stock. Publishes `inventory.low` if stock becomes low by
   * it: no movement would say so later. A repeat changes nothing.
   */
  setLowStock: operation({ request: SetLowStock, response: Stock }),
  /** For reconciliation: the ledger's totals of every order, by ascending order id. Refuses `BadCursor`. */
  listBooks: operation({ request: PageRequest, response: pageOf(OrderStockTotals), refuses: ['BadCursor'] }),
  /** For reconciliation: a sentence for every SKU whose balances differ from the sums of the ledger. */
  checkBalances: operation({ request: Nothing, response: z.object({ discrepancies: z.array(z.string()) }) }),
};
export type InventoryRequests = Implementation<typeof inventoryRequests>;

export type InventoryRefusal = RefusalOf<typeof inventoryActivities> | RefusalOf<typeof inventoryRequests>;
export const inventoryRefusal = refusalFor<InventoryRefusal>();

/** Lines of one SKU are summed, so a quantity may exceed the maximum of a line. */
const Reservation = z.object({ orderId: z.uuid(), lines: z.array(z.object({ sku: Sku, quantity: z.int().min(1) })) });
/** Events of the inventory service. Their subject is the order's id, that of `inventory.low` the SKU. */
export const inventoryEvents = {
  'inventory.reserved': Reservation,
  'inventory.released': Reservation,
  'inventory.reservation_failed': z.object({ orderId: z.uuid(), reason: z.string() }),
  /**
   * Stock has become low: no more than `lowStockAt` is available, and before the change it was more, or there was no
   * such threshold. Once for each time, whatever else is reserved while it is low.
   */
  'inventory.low': z.object({ sku: Sku, available: z.int(), lowStockAt: z.int() }),
} satisfies EventShapes;
