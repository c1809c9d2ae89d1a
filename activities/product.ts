import { z } from 'zod';
import type { EventShapes } from '../platform/contract/event.ts';
import { Sku } from './identity.ts';
import { ActiveCurrency, Money } from './money.ts';
import { type Implementation, type RefusalOf, operation, pageOf } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import { text } from './text.ts';

export const ProductName = text(200);
export const ProductDescription = z.string().max(5000);
const PRICE_RANGE = 'must be between 1 and 100000000';
/** At most a million pounds per piece, which keeps every order's total a safe integer. */
export const Price = Money.extend({
  amountMinor: z.int({ error: PRICE_RANGE }).min(1, { error: PRICE_RANGE }).max(100_000_000, { error: PRICE_RANGE }),
  currency: ActiveCurrency,
});

export const Product = z.object({
  sku: Sku,
  name: z.string(),
  description: z.string(),
  price: Money,
  /**
   * False: withdrawn from sale. It is in no list and cannot be ordered, but past orders still refer to it. Absent in
   * responses of a product service that is not upgraded yet.
   */
  sold: z.boolean().default(true),
  /** Incremented by every change; used for ETags. */
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Product = z.infer<typeof Product>;

export const ListProducts = z.strictObject({
  /**
   * Words. Each must be a word of the name, description or SKU, begin one or have the same English stem, whatever the
   * case and the accents; in scripts without spaces, be a part of the text.
   */
  query: z.string().max(200).optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListProducts = z.infer<typeof ListProducts>;
export const ProductRef = z.strictObject({ sku: z.string() });
export type ProductRef = z.infer<typeof ProductRef>;
export const ProductRefs = z.strictObject({ skus: z.array(z.string()).max(2000) });
export type ProductRefs = z.infer<typeof ProductRefs>;
export const CreateProduct = z.strictObject({
  sku: Sku,
  name: ProductName,
  description: ProductDescription.optional(),
  price: Price,
});
export type CreateProduct = z.infer<typeof CreateProduct>;
export const UpdateProduct = z.strictObject({
  sku: z.string(),
  name: ProductName.optional(),
  description: ProductDescription.optional(),
  price: Price.optional(),
  /** False withdraws the product from sale, true puts it back. */
  sold: z.boolean().optional(),
  /** The request is refused with `VersionConflict` unless this is the current version. Absent: the last writer wins. */
  expectedVersion: z.int().optional(),
});
export type UpdateProduct = z.infer<typeof UpdateProduct>;

/** What the product service's HTTP API offers. Implemented in services/product/. */
export const productRequests = {
  /** The products that are sold, matching the query if given, newest first. Refuses `BadCursor`. */
  listProducts: operation({ request: ListProducts, response: pageOf(Product), refuses: ['BadCursor'] }),
  /** One product, sold or withdrawn. Cached for an hour; a change invalidates the cache at once. Refuses `ProductNotFound`. */
  getProduct: operation({ request: ProductRef, response: Product, refuses: ['ProductNotFound'] }),
  /**
   * Several products, in no particular sequence and uncached, for pricing orders: `sold` is the current state. Unknown
   * SKUs are left out.
   */
  getProducts: operation({ request: ProductRefs, response: z.object({ items: z.array(Product) }) }),
  /** Adds a product. Publishes `product.created`. Refuses `SkuTaken`, also on a repeat. */
  createProduct: operation({ request: CreateProduct, response: Product, repeatable: false, refuses: ['SkuTaken'] }),
  /**
   * Changes the given fields. Publishes `product.withdrawn` if this withdraws the product from sale, `product.restored`
   * if it puts it back, else `product.updated`. A repeat counts as another change.
   * Refuses `ProductNotFound` and `VersionConflict`.
   */
  updateProduct: operation({
    request: UpdateProduct,
    response: Product,
    repeatable: false,
    refuses: ['ProductNotFound', 'VersionConflict'],
  }),
};
export type ProductRequests = Implementation<typeof productRequests>;

export type ProductRefusal = RefusalOf<typeof productRequests>;
export const productRefusal = refusalFor<ProductRefusal>();

const ProductEvent = z.object({
  sku: Sku,
  name: z.string(),
  price: Money,
  /** Absent in events from before products could be withdrawn. */
  sold: z.boolean().default(true),
  version: z.int(),
});
/** Events of the product service, each with the state after the change. Their subject is the SKU. */
export const productEvents = {
  'product.created': ProductEvent,
  /** Any other change. Older versions also wrote it when a withdrawn product was put back on sale. */
  'product.updated': ProductEvent,
  /** A product that was sold is not sold any more. */
  'product.withdrawn': ProductEvent,
  /** A product that was withdrawn is sold again. */
  'product.restored': ProductEvent,
} satisfies EventShapes;
