import { Sku } from '../../activities/identity.ts';
import { Price, ProductName } from '../../activities/product.ts';
import { type Notation, type Unreadable, isUnreadable, textOf, toMinor, toWhole } from './cell.ts';
import { toSku } from './sku.ts';

/** The columns that the file must have, named in its first line. */
export const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;
export type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

/** Why a line cannot be used. A line may have several flaws. */
export type Flaw =
  | 'noInvoice'
  | 'noStockCode'
  | 'stockCodeTooLong'
  | 'unreadableStockCode'
  | 'noDescription'
  | 'descriptionTooLong'
  | 'unreadableDescription'
  | 'noPrice'
  | 'negativePrice'
  | 'priceOutOfRange'
  | 'unreadablePrice'
  | 'noQuantity'
  | 'unreadableQuantity'
  | 'quantityOfTheWrongSign';

/** One usable line of an invoice. */
export interface Line {
  sku: string;
  description: string;
  priceMinor: number;
  /** Always positive: for a cancellation, the pieces returned. */
  quantity: number;
}

/** The row with each cell's text on one line. */
export const cleaned = (row: Row): Row =>
  Object.fromEntries(COLUMNS.map((column) => [column, textOf(row[column])])) as Row;

/** The number of a cancellation invoice begins with a C. */
export const isCancellation = (invoice: string): boolean => /^C/i.test(invoice);

/** Parses a cleaned row of the file; returns the line, or all of its flaws. */
export function readLine(row: Row, notation: Notation): { line: Line } | { flaws: Flaw[] } {
  const { StockCode: stockCode, Description: description } = row;
  const sku = toSku(stockCode);
  const priceMinor = row.UnitPrice === '' ? 0 : toMinor(row.UnitPrice, notation);
  const whole = row.Quantity === '' ? 0 : toWhole(row.Quantity);
  const quantity = typeof whole === 'number' && isCancellation(row.InvoiceNo) ? -whole : whole;
  const possible: (Flaw | false)[] = [
    row.InvoiceNo === '' && 'noInvoice',
    stockCodeFlaw(stockCode, sku),
    descriptionFlaw(description),
    priceFlaw(priceMinor),
    quantityFlaw(quantity),
  ];
  const flaws = possible.filter((flaw) => flaw !== false);
  if (flaws.length > 0) return { flaws };
  return { line: { sku: sku!, description, priceMinor: priceMinor as number, quantity: quantity as number } };
}

function stockCodeFlaw(stockCode: string, sku: string | undefined): Flaw | false {
  if (stockCode === '') return 'noStockCode';
  if (isUnreadable(stockCode)) return 'unreadableStockCode';
  return !Sku.safeParse(sku).success && 'stockCodeTooLong';
}

function descriptionFlaw(description: string): Flaw | false {
  if (description === '') return 'noDescription';
  if (isUnreadable(description)) return 'unreadableDescription';
  return !ProductName.safeParse(description).success && 'descriptionTooLong';
}

function priceFlaw(priceMinor: number | undefined | Unreadable): Flaw | false {
  if (priceMinor === 'unreadable') return 'unreadablePrice';
  if (priceMinor === 0) return 'noPrice';
  if (priceMinor !== undefined && priceMinor < 0) return 'negativePrice';
  return !Price.safeParse({ amountMinor: priceMinor, currency: 'GBP' }).success && 'priceOutOfRange';
}

function quantityFlaw(quantity: number | Unreadable): Flaw | false {
  if (quantity === 'unreadable') return 'unreadableQuantity';
  if (quantity === 0) return 'noQuantity';
  return quantity < 0 && 'quantityOfTheWrongSign';
}

/** Flaws of cells that say something which cannot be understood: somebody should look at the file. */
const UNREADABLE: Partial<Record<Flaw, keyof Row>> = {
  unreadableStockCode: 'StockCode',
  unreadableDescription: 'Description',
  unreadablePrice: 'UnitPrice',
  unreadableQuantity: 'Quantity',
};

/** The unreadable cells of a row with these flaws, as `unreadablePrice "1,000"`. */
export const unreadableCells = (row: Row, flaws: readonly Flaw[]): string[] =>
  flaws.flatMap((flaw) => {
    const column = UNREADABLE[flaw];
    return column ? [`${flaw} "${row[column]}"`] : [];
  });
