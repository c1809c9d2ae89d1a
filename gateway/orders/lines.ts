import { Quantity, StockLine } from '../../activities/identity.ts';
import { Money, times } from '../../activities/money.ts';
import type { PricedLine } from '../../activities/order.ts';
import type { Product, ProductRequests } from '../../activities/product.ts';
import { type FieldError, Problem } from '../../platform/http/problem.ts';

/** What an order is of, priced by the catalogue at this moment. */
export interface PricedLines {
  lines: PricedLine[];
  total: Money;
}

/** Makes lines of one SKU one line, in the order of their first appearance. */
export function sumLines<Line extends StockLine>(lines: readonly Line[], keyOf = (line: Line): string => line.sku) {
  const summed = new Map<string, Line>();
  for (const line of lines) {
    const key = keyOf(line);
    const earlier = summed.get(key);
    const quantity = (earlier?.quantity ?? 0) + line.quantity;
    if (!Quantity.safeParse(quantity).success) {
      const pointer = `/lines/${lines.indexOf(line)}/quantity`;
      throw refused([{ pointer, detail: `makes ${quantity} pieces of ${line.sku}; an order may have 100,000` }]);
    }
    summed.set(key, { ...(earlier ?? line), quantity });
  }
  return [...summed.values()];
}

/** Prices an order's lines; a 400 that points at each line that cannot be had. */
export async function priceLines(products: ProductRequests, asked: readonly StockLine[]): Promise<PricedLines> {
  const summed = sumLines(asked);
  const { items } = await products.getProducts({ skus: summed.map(({ sku }) => sku) });
  const known = new Map(items.map((product) => [product.sku, product]));
  const unknown = pointTo(asked, ({ sku }) => !known.has(sku), 'is not in the catalogue');
  if (unknown.length > 0) throw refused(unknown);

  const lines = summed.map(({ sku, quantity }) => priced(known.get(sku)!, quantity));
  const { currency } = lines[0]!.unitPrice;
  const foreign = pointTo(
    asked,
    ({ sku }) => known.get(sku)!.price.currency !== currency,
    `is not sold in ${currency} like the first line`,
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
    // Checked at each step: 2,000 lines of the dearest goods would not fit a number exactly.
    if (!Money.shape.amountMinor.safeParse(sum).success) {
      throw refused([{ pointer: '/lines', detail: 'comes to more than one order may cost' }]);
    }
  }
  return sum;
}

const pointTo = (asked: readonly StockLine[], wrong: (line: StockLine) => boolean, detail: string): FieldError[] =>
  asked.flatMap((line, index) => (wrong(line) ? [{ pointer: `/lines/${index}/sku`, detail }] : []));

const refused = (errors: FieldError[]): Problem =>
  new Problem(400, 'InvalidRequest', 'these lines cannot be ordered', { errors: errors.slice(0, 50) });
