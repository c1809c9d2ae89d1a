import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef, Quantity, Sku, StockLine } from './identity.ts';
import { type Implementation, type RefusalOf, activity, operation } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';

/** The most lines a cart can hold. As many as an order may have, so that every cart can be ordered. */
export const CART_LINES = 2_000;

export const TakeLines = z.strictObject({
  orderId: z.uuid(),
  customerId: z.uuid(),
  lines: z.array(StockLine).min(1).max(CART_LINES),
});
export type TakeLines = z.infer<typeof TakeLines>;
export const RemindOfCart = z.strictObject({ customerId: z.uuid(), version: z.int() });
export type RemindOfCart = z.infer<typeof RemindOfCart>;

/**
 * What workflows call on the cart service, durably. Implemented in services/cart/.
 * Each effect is identified by the order and the step. A repeat changes nothing and returns the first response.
 */
export const cartActivities = {
  /**
   * Removes the ordered quantities from the customer's cart: all lines or none. Lines of one SKU are summed.
   * Refuses `CartChanged` if the cart no longer holds as much, and `Undone` after putLinesBack.
   */
  takeLines: activity({ request: TakeLines, refuses: ['CartChanged', 'Undone'] }),
  /**
   * Compensates takeLines, even if it never happened: it then cannot happen any more. Adds the lines to the current
   * cart. Never refuses: what exceeds the limits of a cart is dropped.
   */
  putLinesBack: activity({ request: OrderRef }),
  /**
   * Publishes `cart.abandoned` for this version of a cart. Does nothing if the cart has changed since, is empty, or was
   * reminded of at this version before.
   */
  remindOfCart: activity({ request: RemindOfCart }),
};
export type CartActivities = Implementation<typeof cartActivities>;

/** The lines a customer means to buy, in the order in which they were added. Prices come from the catalogue. */
export const Cart = z.object({
  lines: z.array(StockLine),
  /** Incremented by every change; used for ETags. 0: the cart was never changed. */
  version: z.int().min(0),
});
export type Cart = z.infer<typeof Cart>;

export const CartRef = z.strictObject({ customerId: z.uuid() });
export type CartRef = z.infer<typeof CartRef>;
/** The request is refused with `VersionConflict` unless this is the current version. Absent: the last writer wins. */
const expectedVersion = z.int().optional();
export const SetLine = CartRef.extend({ sku: Sku, quantity: Quantity, expectedVersion });
export type SetLine = z.infer<typeof SetLine>;
export const RemoveLine = CartRef.extend({ sku: Sku, expectedVersion });
export type RemoveLine = z.infer<typeof RemoveLine>;
export const ClearCart = CartRef.extend({ expectedVersion });
export type ClearCart = z.infer<typeof ClearCart>;

/**
 * What the cart service's HTTP API offers. A change that is already in effect succeeds whatever version is expected
 * (RFC 9110 section 13.1.1), so that a repeat after a lost response is not a conflict.
 */
export const cartRequests = {
  /** An empty cart of version 0 for a customer who has none. */
  getCart: operation({ request: CartRef, response: Cart }),
  /** Sets the quantity of this SKU, and adds the line if there is none. Refuses `VersionConflict` and `CartFull`. */
  setLine: operation({ request: SetLine, response: Cart, refuses: ['VersionConflict', 'CartFull'] }),
  /** Removes the line of this SKU, if there is one. Refuses `VersionConflict`. */
  removeLine: operation({ request: RemoveLine, response: Cart, refuses: ['VersionConflict'] }),
  /** Removes all lines. Refuses `VersionConflict`. */
  clearCart: operation({ request: ClearCart, response: Cart, refuses: ['VersionConflict'] }),
};
export type CartRequests = Implementation<typeof cartRequests>;

export type CartRefusal = RefusalOf<typeof cartActivities> | RefusalOf<typeof cartRequests>;
export const cartRefusal = refusalFor<CartRefusal>();

/** Events of the cart service. Their subject is the customer's id. */
export const cartEvents = {
  'cart.changed': z.object({ customerId: z.uuid(), version: z.int().min(1), lineCount: z.int().min(0) }),
  /** The cart was not changed for a set time and holds these lines. Published once per version of the cart. */
  'cart.abandoned': z.object({ customerId: z.uuid(), lines: z.array(StockLine).min(1) }),
} satisfies EventShapes;
