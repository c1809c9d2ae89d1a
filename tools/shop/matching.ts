import type { StockLine } from '../../activities/identity.ts';
import type { Invoice } from './shop.ts';

export type Unmatched =
  'noUsableLine' | 'noEarlierOrderOfCustomer' | 'neverOrdered' | 'moreThanOrdered' | 'severalOrders';

/** Which order a cancellation invoice takes back: the whole of it, or these lines. */
export type Match = { order: Invoice; whole: boolean } | { reason: Unmatched };

/**
 * Finds for each cancellation the earlier order of the same customer that it takes back, by SKU and quantity: the
 * latest order that it covers as a whole, or else the latest that still has all of its pieces. What one cancellation
 * took back the next cannot. Depends on the invoices alone and not on how their orders fare, so that a second run
 * cancels and returns the same and never something else besides.
 */
export function matchCancellations(invoices: readonly Invoice[]): Map<Invoice, Match> {
  const matches = new Map<Invoice, Match>();
  const ordersOf = new Map<string | undefined, Held[]>();
  for (const invoice of invoices) {
    const orders = ordersOf.get(invoice.customerId) ?? [];
    ordersOf.set(invoice.customerId, orders);
    if (invoice.cancellation) matches.set(invoice, match(invoice, orders));
    else if (invoice.lines.length > 0) orders.push({ invoice, left: piecesOf(invoice.lines) });
  }
  return matches;
}

/** An order and the pieces of it that nobody has taken back. */
interface Held {
  invoice: Invoice;
  left: Map<string, number>;
}

function match({ lines }: Invoice, orders: readonly Held[]): Match {
  if (lines.length === 0) return { reason: 'noUsableLine' };
  if (orders.length === 0) return { reason: 'noEarlierOrderOfCustomer' };
  const has = ({ left }: Held, { sku, quantity }: StockLine) => (left.get(sku) ?? 0) >= quantity;
  const able = orders.filter((held) => lines.every((line) => has(held, line)));
  const held = able.findLast((candidate) => isWhole(candidate, lines)) ?? able.at(-1);
  if (!held) return { reason: whyNot(lines, orders, has) };
  const whole = isWhole(held, lines);
  for (const { sku, quantity } of lines) held.left.set(sku, held.left.get(sku)! - quantity);
  return { order: held.invoice, whole };
}

function whyNot(
  lines: readonly StockLine[],
  orders: readonly Held[],
  has: (held: Held, line: StockLine) => boolean,
): Unmatched {
  if (lines.every((line) => orders.some((held) => has(held, line)))) return 'severalOrders';
  const ordered = lines.every(({ sku }) => orders.some(({ left }) => left.has(sku)));
  return ordered ? 'moreThanOrdered' : 'neverOrdered';
}

/** Whether `lines` are every line of the order in full, none of it taken back before. */
const isWhole = ({ invoice }: Held, lines: readonly StockLine[]): boolean => {
  const pieces = piecesOf(lines);
  return (
    invoice.lines.length === lines.length && invoice.lines.every(({ sku, quantity }) => pieces.get(sku) === quantity)
  );
};

const piecesOf = (lines: readonly StockLine[]) => new Map(lines.map(({ sku, quantity }) => [sku, quantity]));
