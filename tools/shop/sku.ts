import { Sku } from '../../activities/identity.ts';

// Never made by the escape below, where two hexadecimal digits follow every dot.
const START = '0.-';

/**
 * The SKU for a stock code. Codes that are legal SKUs stay as they are; in others every byte that may not stand in
 * one is written `.hh`, and so is the dot itself: `BANK CHARGES` is `BANK.20CHARGES`. Undefined where there is no
 * code, or the result would be longer than a SKU may be.
 */
export function toSku(stockCode: string): string | undefined {
  if (stockCode === '') return undefined;
  const escaped = [...Buffer.from(stockCode, 'utf8')].map(escapeByte).join('');
  const sku = /^[A-Za-z0-9]/.test(escaped) && !escaped.startsWith(START) ? escaped : START + escaped;
  return Sku.safeParse(sku).success ? sku : undefined;
}

/** The stock code a SKU was made of. */
export function toStockCode(sku: string): string {
  const escaped = sku.startsWith(START) ? sku.slice(START.length) : sku;
  const bytes = escaped.match(/\.[0-9A-F]{2}|[^.]/g) ?? [];
  return Buffer.from(
    bytes.map((part) => (part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0))),
  ).toString('utf8');
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_-]/.test(character) ? character : `.${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
