import { z } from 'zod';
import type { Cart } from '../../activities/cart.ts';
import { Quantity, Sku } from '../../activities/identity.ts';
import type { InventoryRequests } from '../../activities/inventory.ts';
import { Money, times } from '../../activities/money.ts';
import type { Product, ProductRequests } from '../../activities/product.ts';
import { withFallback } from '../upstream/with-fallback.ts';
import { MUG, MUG_MINOR } from '../openapi/examples.ts';

const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

const CartLineView = z.object({
  sku: Sku,
  quantity: Quantity,
  sold: z.boolean().meta({ description: 'false if this product is not sold any more' }),
  name: z.string().optional(),
  unitPrice: Money.optional().meta({ description: 'absent if the product is not sold' }),
  total: Money.nullable().meta({
    description: 'null if the product is not sold, or the total exceeds the maximum of an order',
  }),
  available: z
    .int()
    .nullable()
    .meta({ description: 'pieces available now; null while unknown, 0 of a product that is not sold' }),
});

/** A cart as its owner sees it. */
export const CartView = z
  .object({
    lines: z.array(CartLineView),
    total: Money.nullable().meta({
      description:
        'total of all lines that are sold; null if there are none, if they have several currencies, or if the total exceeds the maximum of an order',
    }),
  })
  .meta({
    id: 'Cart',
    examples: [
      {
        lines: [
          {
            sku: MUG.sku,
            quantity: 6,
            sold: true,
            name: MUG.name,
            unitPrice: pounds(MUG_MINOR),
            total: pounds(6 * MUG_MINOR),
            available: 500,
          },
        ],
        total: pounds(6 * MUG_MINOR),
      },
    ],
  });
export type CartView = z.infer<typeof CartView>;

// A cart is useful without stock levels, so a slow inventory service delays it no longer than this.
const STOCK_TIMEOUT_MS = 1_000;

/** Prices a cart by the current catalogue: a cart stores no prices that could become outdated. */
export function createCartPricing(products: ProductRequests, inventory: InventoryRequests) {
  return async function view({ lines }: Cart): Promise<CartView> {
    if (lines.length === 0) return { lines: [], total: null };
    const skus = lines.map(({ sku }) => sku);
    const [catalogue, stocks] = await Promise.all([
      products.getProducts({ skus }),
      withFallback(inventory.getStocks({ skus }), { fallback: { items: [] }, timeoutMs: STOCK_TIMEOUT_MS }),
    ]);
    const known = new Map(catalogue.items.map((product) => [product.sku, product]));
    const available = new Map(stocks.items.map((stock) => [stock.sku, stock.available]));
    const views = lines.map((line) => {
      const price = priced(known.get(line.sku), line.quantity);
      return { ...line, ...price, available: price.sold ? (available.get(line.sku) ?? null) : 0 };
    });
    return { lines: views, total: totalOf(views) };
  };
}

export type CartPricing = ReturnType<typeof createCartPricing>;

function priced(product: Product | undefined, quantity: number) {
  if (!product) return { sold: false, total: null };
  const { sold, name, price } = product;
  return sold ? { sold, name, unitPrice: price, total: payable(times(price, quantity)) } : { sold, name, total: null };
}

function totalOf(lines: CartView['lines']): Money | null {
  const sold = lines.filter((line) => line.sold);
  const currencies = new Set(sold.map(({ unitPrice }) => unitPrice!.currency));
  const [currency] = currencies;
  if (currency === undefined || currencies.size > 1 || sold.some(({ total }) => total === null)) return null;
  let amountMinor = 0;
  for (const { total } of sold) amountMinor += total!.amountMinor;
  return payable({ amountMinor, currency });
}

/** Null above the maximum of an order. The sum is exact: 2,000 lines of at most 10^12 each fit in a number. */
const payable = (money: Money): Money | null => (Money.safeParse(money).success ? money : null);
