import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { OrderRef, Quantity, Sku, StockLine } from './identity.ts';
import { type Implementation, type RefusalOf, activity, operation } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';

/** As many lines as an order may have, so that whatever is in a cart can be ordered. */
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
 * What a workflow may ask of the cart service, durably. Implemented in services/cart/.
 * Each is named by the order and the step: a repeat changes nothing and gets the first answer.
 */
export const cartActivities = {
  /**
   * Takes what was ordered, and no more, out of the customer's cart: all of its lines or none.
   * Refuses `CartChanged` where the cart no longer holds as much, and `Undone` after putLinesBack.
   */
  takeLines: activity({ request: TakeLines, refuses: ['CartChanged', 'Undone'] }),
  /**
   * Undoes takeLines, even if it never happened: it then cannot happen any more. The lines join what is in the cart by
   * now. Never refuses: what would be more than a cart can hold stays out.
   */
  putLinesBack: activity({ request: OrderRef }),
  /**
   * Tells the world that this version of a cart was left alone (`cart.abandoned`): once for each version, and not where
   * it has changed since or nothing is in it.
   */
  remindOfCart: activity({ request: RemindOfCart }),
};
export type CartActivities = Implementation<typeof cartActivities>;

/** What a customer means to buy: quantities only, in the order of their first adding. */
export const Cart = z.object({
  lines: z.array(StockLine),
  /** Counts changes: what an ETag is made of. 0 where there has never been anything in it. */
  version: z.int().min(0),
});
export type Cart = z.infer<typeof Cart>;

export const CartRef = z.strictObject({ customerId: z.uuid() });
export type CartRef = z.infer<typeof CartRef>;
/** Refused with `VersionConflict` unless this is the current version. Absent: last writer wins. */
const expectedVersion = z.int().optional();
export const SetLine = CartRef.extend({ sku: Sku, quantity: Quantity, expectedVersion });
export type SetLine = z.infer<typeof SetLine>;
export const RemoveLine = CartRef.extend({ sku: Sku, expectedVersion });
export type RemoveLine = z.infer<typeof RemoveLine>;
export const ClearCart = CartRef.extend({ expectedVersion });
export type ClearCart = z.infer<typeof ClearCart>;

/**
 * What the cart service can be asked at its door. A change that leaves everything as it was succeeds whatever version
 * was expected (RFC 9110 section 13.1.1), so that a repeat after a lost answer is no conflict.
 */
export const cartRequests = {
  getCart: operation({ request: CartRef, response: Cart }),
  /** Makes the line of this SKU this many pieces. Refuses `VersionConflict` and `CartFull`. */
  setLine: operation({ request: SetLine, response: Cart, refuses: ['VersionConflict', 'CartFull'] }),
  /** Refuses `VersionConflict`. */
  removeLine: operation({ request: RemoveLine, response: Cart, refuses: ['VersionConflict'] }),
  /** Refuses `VersionConflict`. */
  clearCart: operation({ request: ClearCart, response: Cart, refuses: ['VersionConflict'] }),
};
export type CartRequests = Implementation<typeof cartRequests>;

export type CartRefusal = RefusalOf<typeof cartActivities> | RefusalOf<typeof cartRequests>;
export const cartRefusal = refusalFor<CartRefusal>();

/** Subject: the customer's id. */
export const cartEvents = {
  'cart.changed': z.object({ customerId: z.uuid(), version: z.int().min(1), lineCount: z.int().min(0) }),
  /** Left alone for a set time with these lines in it: once for each time it is left. */
  'cart.abandoned': z.object({ customerId: z.uuid(), lines: z.array(StockLine).min(1) }),
} satisfies EventShapes;
