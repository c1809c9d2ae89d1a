import type { StockLine } from '../../activities/identity.ts';
import { Tally } from '../../platform/tally.ts';
import { toCountry } from './country.ts';
import type { Notation } from './cell.ts';
import { type Place, readShopFile } from './csv-file.ts';
import { minorDigitsOf } from './currency.ts';
import { type Flaw, type Line, type Row, cleaned, isCancellation, readLine, unreadableCells } from './invoice-line.ts';

/** One invoice of the file. Lines with the same SKU are merged. */
export interface Invoice {
  number: string;
  /** Absent for an anonymous customer. */
  customerId?: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** As in the file: `2010-12-01 08:26`. */
  at: string;
  cancellation: boolean;
  lines: StockLine[];
}

export interface ShopProduct {
  sku: string;
  name: string;
  priceMinor: number;
  /** Pieces sold on all invoices. */
  sold: number;
}

/** The contents of a shop's file, and the counts of what cannot be used. */
export interface Shop {
  sha256: string;
  /** The currency of its prices, by ISO 4217. */
  currency: string;
  /** In the order of their first lines. */
  invoices: Invoice[];
  products: ShopProduct[];
  /** Lines that cannot be used. */
  flawedLines: number;
  /** Their flaws; a line may have several. */
  flaws: Tally<Flaw>;
  /** Lines with cells that cannot be understood, and the first of them, as `line 17: unreadablePrice "1,000"`. */
  unreadable: { lines: number; examples: string[] };
  lines: number;
  /** Stock codes without a usable line, so without a name or a price. */
  unusableStockCodes: string[];
  /** Unknown country names with the code used instead, counted by line. */
  inexactCountries: Tally;
}

/** How to read a shop's file. */
export interface ShopOptions {
  encoding?: string | undefined;
  currency?: string | undefined;
}

/** Reads a whole shop from its file. */
export async function readShop(file: string, { encoding, currency }: ShopOptions = {}): Promise<Shop> {
  const builder = new ShopBuilder(currency);
  const { sha256 } = await readShopFile(file, (row, place) => builder.add(row, place), { encoding });
  return builder.build(sha256);
}

const UNREADABLE_EXAMPLES = 10;

interface ProductTally {
  descriptions: Tally;
  prices: Tally;
  sold: number;
}

/** Collects a shop line by line. */
export class ShopBuilder {
  readonly #invoices = new Map<string, Invoice>();
  readonly #products = new Map<string, ProductTally>();
  readonly #stockCodes = new Map<string, boolean>();
  readonly #flaws = new Tally<Flaw>();
  readonly #inexactCountries = new Tally();
  readonly #unreadable: Shop['unreadable'] = { lines: 0, examples: [] };
  readonly #currency: string;
  readonly #minorDigits: number;
  #lines = 0;
  #flawedLines = 0;

  constructor(currency = 'GBP') {
    this.#currency = currency;
    this.#minorDigits = minorDigitsOf(currency);
  }

  add(raw: Row, { line, separator }: Place): void {
    const row = cleaned(raw);
    this.#lines += 1;
    const invoice = this.#invoiceOf(row);
    const notation: Notation = { minorDigits: this.#minorDigits, pointIsDecimal: separator !== ';' };
    const read = readLine(row, notation);
    const stockCode = row.StockCode;
    if (stockCode) this.#stockCodes.set(stockCode, 'line' in read || this.#stockCodes.get(stockCode) === true);
    if ('flaws' in read) {
      this.#flawedLines += 1;
      for (const flaw of read.flaws) this.#flaws.add(flaw);
      this.#noteUnreadable(line, unreadableCells(row, read.flaws));
      return;
    }
    addToInvoice(invoice, read.line);
    this.#addToProduct(read.line, invoice.cancellation);
  }

  build(sha256: string): Shop {
    return {
      sha256,
      currency: this.#currency,
      invoices: [...this.#invoices.values()],
      products: [...this.#products].map(([sku, tally]) => productOf(sku, tally)),
      lines: this.#lines,
      flawedLines: this.#flawedLines,
      flaws: this.#flaws,
      unreadable: this.#unreadable,
      unusableStockCodes: [...this.#stockCodes].filter(([, usable]) => !usable).map(([code]) => code),
      inexactCountries: this.#inexactCountries,
    };
  }

  #noteUnreadable(line: number, cells: readonly string[]): void {
    if (cells.length === 0) return;
    const { examples } = this.#unreadable;
    this.#unreadable.lines += 1;
    if (examples.length < UNREADABLE_EXAMPLES) examples.push(`line ${line}: ${cells.join(', ')}`);
  }

  #invoiceOf(row: Row): Invoice {
    const number = row.InvoiceNo;
    const { code, exact } = toCountry(row.Country);
    if (!exact) this.#inexactCountries.add(`${row.Country || '(none)'} → ${code}`);
    const known = this.#invoices.get(number);
    if (known) return known;
    const customerId = row.CustomerID;
    const invoice: Invoice = {
      number,
      ...(customerId && { customerId }),
      country: code,
      at: row.InvoiceDate,
      cancellation: isCancellation(number),
      lines: [],
    };
    if (number) this.#invoices.set(number, invoice);
    return invoice;
  }

  #addToProduct(line: Line, cancellation: boolean): void {
    const tally = this.#products.get(line.sku) ?? { descriptions: new Tally(), prices: new Tally(), sold: 0 };
    this.#products.set(line.sku, tally);
    tally.descriptions.add(line.description);
    tally.prices.add(String(line.priceMinor));
    if (!cancellation) tally.sold += line.quantity;
  }
}

function addToInvoice(invoice: Invoice, { sku, quantity }: Line): void {
  const same = invoice.lines.find((line) => line.sku === sku);
  if (same) same.quantity += quantity;
  else invoice.lines.push({ sku, quantity });
}

/** Ties are decided by character code for descriptions and by the lowest price, so that the lines' order does not matter. */
const productOf = (sku: string, { descriptions, prices, sold }: ProductTally): ShopProduct => ({
  sku,
  name: descriptions.mostFrequent((left, right) => (left < right ? -1 : 1))!,
  priceMinor: Number(prices.mostFrequent((left, right) => Number(left) - Number(right))),
  sold,
});
