import { Sku } from '../../activities/identity.ts';
import { Price, ProductName } from '../../activities/product.ts';
import { toSku } from './sku.ts';

/** The columns that such a file must have, by the names in its first line. */
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

/** Why a line says too little, or too much, to be sold by. A line may have several of these. */
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

/** What one line of an invoice says. */
export interface Line {
  sku: string;
  description: string;
  priceMinor: number;
  /** Always positive: of a cancellation, the pieces that come back. */
  quantity: number;
}

/** A cancellation's number begins with a C. */
export const isCancellation = (invoice: string): boolean => /^C/i.test(invoice);

/** The line a row of the file makes, or everything that is wrong with it. */
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

/** `2.55` pounds are 255 pence, exactly; undefined for what is no amount in pence, such as a tenth of one. */
function toPence(text: string): number | undefined {
  const [, sign, pounds, pence = ''] = /^(-?)(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(text) ?? [];
  if (pounds === undefined) return undefined;
  return (sign ? -1 : 1) * (Number(pounds) * 100 + Number(pence.padEnd(2, '0')));
}

const toWhole = (text: string): number | undefined => (/^[-+]?\d{1,9}$/.test(text) ? Number(text) : undefined);
