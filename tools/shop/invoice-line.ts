import { Sku } from '../../activities/identity.ts';
import { Price, ProductName } from '../../activities/product.ts';
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
  | 'noDescription'
  | 'descriptionTooLong'
  | 'noPrice'
  | 'priceOutOfRange'
  | 'noQuantity'
  | 'quantityOfTheWrongSign';

/** One usable line of an invoice. */
export interface Line {
  sku: string;
  description: string;
  priceMinor: number;
  /** Always positive: for a cancellation, the pieces returned. */
  quantity: number;
}

/** The number of a cancellation invoice begins with a C. */
export const isCancellation = (invoice: string): boolean => /^C/i.test(invoice);

/** Parses a row of the file; returns the line, or all of its flaws. */
export function readLine(row: Row): { line: Line } | { flaws: Flaw[] } {
  const sku = toSku(row.StockCode.trim());
  const description = row.Description.trim();
  const priceMinor = toPence(row.UnitPrice.trim());
  const signed = toWhole(row.Quantity.trim());
  const quantity = signed && (isCancellation(row.InvoiceNo) ? -signed : signed);
  const flaws: (Flaw | false)[] = [
    row.InvoiceNo.trim() === '' && 'noInvoice',
    row.StockCode.trim() === '' ? 'noStockCode' : !Sku.safeParse(sku).success && 'stockCodeTooLong',
    description === '' ? 'noDescription' : !ProductName.safeParse(description).success && 'descriptionTooLong',
    priceFlaw(priceMinor),
    !quantity ? 'noQuantity' : quantity < 0 && 'quantityOfTheWrongSign',
  ];
  const found = flaws.filter((flaw) => flaw !== false);
  if (found.length > 0) return { flaws: found };
  return { line: { sku: sku!, description, priceMinor: priceMinor!, quantity: quantity! } };
}

function priceFlaw(priceMinor: number | undefined): Flaw | false {
  if (!priceMinor) return 'noPrice';
  return !Price.safeParse({ amountMinor: priceMinor, currency: 'GBP' }).success && 'priceOutOfRange';
}

/** Converts `2.55` pounds to 255 pence, exactly. Undefined if it is not a whole number of pence. */
function toPence(text: string): number | undefined {
  const [, sign, pounds, pence = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(text) ?? [];
  if (pounds === undefined) return undefined;
  return (sign ? -1 : 1) * (Number(pounds) * 100 + Number(pence.padEnd(2, '0')));
}

const toWhole = (text: string): number | undefined => (/^[-+]?\d{1,9}$/.test(text) ? Number(text) : undefined);
