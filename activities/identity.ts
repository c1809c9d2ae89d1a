import { z } from 'zod';

/**
 * What a person may do. `viewer`, `support`, `fulfilment` and `admin` are staff: a viewer reads, support decides about
 * orders, fulfilment about goods, and an admin may do everything.
 */
export const Role = z.enum(['customer', 'viewer', 'support', 'fulfilment', 'admin']);
export type Role = z.infer<typeof Role>;

/** Code of a stock keeping unit. Its characters need no encoding in a URL path. */
export const Sku = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of A-Z a-z 0-9 . _ -');

/** Number of pieces of one SKU. Wholesale lines reach 100,000. */
export const Quantity = z.int().min(1).max(100_000);

export const StockLine = z.strictObject({ sku: Sku, quantity: Quantity });
export type StockLine = z.infer<typeof StockLine>;

/** One order, by its id. */
export const OrderRef = z.strictObject({ orderId: z.uuid() });
export type OrderRef = z.infer<typeof OrderRef>;
