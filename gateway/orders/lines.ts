import { Quantity, StockLine } from '../../activities/identity.ts';
import { Money, times } from '../../activities/money.ts';
import type { PricedLine } from '../../activities/order-placing.ts';
import type { Product, ProductRequests } from '../../activities/product.ts';
import { type FieldError, Problem } from '../../platform/http/problem.ts';

/** An order's lines at current prices. */
export interface PricedLines {
  lines: PricedLine[];
  total: Money;
}

/** Merges lines of the same SKU, in the order of their first occurrence. `at`: where the lines are in the request. */
export function sumLines<Line extends StockLine>(
  lines: readonly Line[],
  keyOf = (line: Line): string => line.sku,
  at = '/lines',
) {
  const summed = new Map<string, Line>();
  for (const line of lines) {
    const key = keyOf(line);
    const earlier = summed.get(key);
    const quantity = (earlier?.quantity ?? 0) + line.quantity;
    if (!Quantity.safeParse(quantity).success) {
      const pointer = `${at}/${lines.indexOf(line)}/quantity`;
      throw refused([{ pointer, detail: `the order has ${quantity} pieces of ${line.sku}; the maximum is 100,000` }]);
    }
    summed.set(key, { ...(earlier ?? line), quantity });
  }
  return [...summed.values()];
}

/** Prices an order's lines. Throws a 400 that points at each line that cannot be ordered. */
export async function priceLines(products: ProductRequests, requested: readonly StockLine[]): Promise<PricedLines> {
  const summed = sumLines(requested);
  const { items } = await products.getProducts({ skus: summed.map(({ sku }) => sku) });
  const known = new Map(items.map((product) => [product.sku, product]));
  const unknown = pointTo(requested, ({ sku }) => !known.has(sku), 'is not in the catalogue');
  const withdrawn = pointTo(requested, ({ sku }) => known.get(sku)?.sold === false, 'is not sold any more');
  if (unknown.length + withdrawn.length > 0) throw refused([...unknown, ...withdrawn]);

  const lines = summed.map(({ sku, quantity }) => priced(known.get(sku)!, quantity));
  const { currency } = lines[0]!.unitPrice;
  const foreign = pointTo(
    requested,
    ({ sku }) => known.get(sku)!.price.currency !== currency,
    `has another currency than the first line, ${currency}`,
  );
  if (foreign.length > 0) throw refused(foreign);
  return { lines, total: { amountMinor: totalOf(lines), currency } };
}

const priced = ({ sku, name, price }: Product, quantity: number): PricedLine => ({
  sku,
  name,
  quantity,
  unitPrice: price,
});

function totalOf(lines: readonly PricedLine[]): number {
  let sum = 0;
  for (const { unitPrice, quantity } of lines) {
    sum += times(unitPrice, quantity).amountMinor;
    // Checked at each step: 2,000 lines of the most expensive goods would not fit in a number exactly.
    if (!Money.shape.amountMinor.safeParse(sum).success) {
      throw refused([{ pointer: '/lines', detail: 'the total exceeds the maximum of an order' }]);
    }
  }
  return sum;
}

const pointTo = (lines: readonly StockLine[], wrong: (line: StockLine) => boolean, detail: string): FieldError[] =>
  lines.flatMap((line, index) => (wrong(line) ? [{ pointer: `/lines/${index}/sku`, detail }] : []));

const refused = (errors: FieldError[]): Problem =>
  new Problem(400, 'InvalidRequest', 'these lines cannot be ordered', { errors: errors.slice(0, 50) });
