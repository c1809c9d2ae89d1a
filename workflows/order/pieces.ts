import type { StockLine } from '../../activities/identity.ts';

/** Sums the lines of each SKU. */
export function summed(lines: Iterable<StockLine>): StockLine[] {
  const quantities = new Map<string, number>();
  for (const { sku, quantity } of lines) quantities.set(sku, (quantities.get(sku) ?? 0) + quantity);
  return [...quantities].map(([sku, quantity]) => ({ sku, quantity }));
}

/** The first without the second. Undefined where the second has more. */
export function without(lines: readonly StockLine[], others: readonly StockLine[]): StockLine[] | undefined {
  const left = new Map(summed(lines).map(({ sku, quantity }) => [sku, quantity]));
  for (const { sku, quantity } of others) {
    const after = (left.get(sku) ?? 0) - quantity;
    if (after < 0) return undefined;
    left.set(sku, after);
  }
  return [...left].filter(([, quantity]) => quantity > 0).map(([sku, quantity]) => ({ sku, quantity }));
}

/** The pieces that both have. */
export function common(lines: readonly StockLine[], others: readonly StockLine[]): StockLine[] {
  const given = new Map(summed(others).map(({ sku, quantity }) => [sku, quantity]));
  return summed(lines)
    .map(({ sku, quantity }) => ({ sku, quantity: Math.min(quantity, given.get(sku) ?? 0) }))
    .filter(({ quantity }) => quantity > 0);
}
