import type { StockLine } from '../../activities/identity.ts';
import type { Invoice } from './shop.ts';

export type Unmatched =
  'noUsableLine' | 'noEarlierOrderOfCustomer' | 'neverOrdered' | 'moreThanOrdered' | 'severalOrders';

/** The order that a cancellation invoice refers to, and whether it covers the whole order. */
export type Match = { order: Invoice; whole: boolean } | { reason: Unmatched };

/**
 * Finds the order for each cancellation: an earlier order of the same customer, by SKU and quantity. Prefers the latest
 * order that it covers as a whole, else the latest that still has all of its pieces. Pieces can be canceled only once.
 * The result depends only on the invoices, not on the status of their orders, so that a second run cancels and returns
 * the same.
 */
export function matchCancellations(invoices: readonly Invoice[]): Map<Invoice, Match> {
  const matches = new Map<Invoice, Match>();
  const ordersOf = new Map<string | undefined, OpenOrder[]>();
  for (const invoice of invoices) {
    const orders = ordersOf.get(invoice.customerId) ?? [];
    ordersOf.set(invoice.customerId, orders);
    if (invoice.cancellation) matches.set(invoice, match(invoice, orders));
    else if (invoice.lines.length > 0) orders.push({ invoice, left: piecesOf(invoice.lines) });
  }
  return matches;
}

/** An order and its pieces that no cancellation has claimed yet. */
interface OpenOrder {
  invoice: Invoice;
  left: Map<string, number>;
}

function match({ lines }: Invoice, orders: readonly OpenOrder[]): Match {
  if (lines.length === 0) return { reason: 'noUsableLine' };
  if (orders.length === 0) return { reason: 'noEarlierOrderOfCustomer' };
  const has = ({ left }: OpenOrder, { sku, quantity }: StockLine) => (left.get(sku) ?? 0) >= quantity;
  const candidates = orders.filter((order) => lines.every((line) => has(order, line)));
  const found = candidates.findLast((candidate) => isWhole(candidate, lines)) ?? candidates.at(-1);
  if (!found) return { reason: whyNot(lines, orders, has) };
  const whole = isWhole(found, lines);
  for (const { sku, quantity } of lines) found.left.set(sku, found.left.get(sku)! - quantity);
  return { order: found.invoice, whole };
}

function whyNot(
  lines: readonly StockLine[],
  orders: readonly OpenOrder[],
  has: (order: OpenOrder, line: StockLine) => boolean,
): Unmatched {
  if (lines.every((line) => orders.some((order) => has(order, line)))) return 'severalOrders';
  const ordered = lines.every(({ sku }) => orders.some(({ left }) => left.has(sku)));
  return ordered ? 'moreThanOrdered' : 'neverOrdered';
}

/** Whether `lines` equal the lines of the order. */
const isWhole = ({ invoice }: OpenOrder, lines: readonly StockLine[]): boolean => {
  const pieces = piecesOf(lines);
  return (
    invoice.lines.length === lines.length && invoice.lines.every(({ sku, quantity }) => pieces.get(sku) === quantity)
  );
};

const piecesOf = (lines: readonly StockLine[]) => new Map(lines.map(({ sku, quantity }) => [sku, quantity]));
