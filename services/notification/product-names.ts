import type { ProductRequests } from '../../activities/product.ts';
import { LINES_SHOWN, type ProductNames } from './templates/layout.ts';

/** The current names of the products that a mail about this event shows. Asks nobody if it shows none. */
export async function namesOfProductsIn(
  data: unknown,
  products: Pick<ProductRequests, 'getProducts'>,
): Promise<ProductNames> {
  const { lines: sent, canceledLines = [] } = data as Partial<Record<'lines' | 'canceledLines', { sku: string }[]>>;
  const lines = sent ?? canceledLines;
  if (lines.length === 0) return new Map();
  const { items } = await products.getProducts({ skus: lines.slice(0, LINES_SHOWN).map(({ sku }) => sku) });
  return new Map(items.map(({ sku, name }) => [sku, name]));
}
