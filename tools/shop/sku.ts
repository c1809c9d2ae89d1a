import { Sku } from '../../activities/identity.ts';

// The escaping below never produces it: two hexadecimal digits follow every dot.
const PREFIX = '0.-';

/**
 * The SKU for a stock code. Bytes that a SKU may not contain, and the dot, are escaped as `.hh`: `BANK CHARGES` becomes
 * `BANK.20CHARGES`. Undefined if the code is empty or the result is too long for a SKU.
 */
export function toSku(stockCode: string): string | undefined {
  if (stockCode === '') return undefined;
  const escaped = [...Buffer.from(stockCode, 'utf8')].map(escapeByte).join('');
  const sku = /^[A-Za-z0-9]/.test(escaped) && !escaped.startsWith(PREFIX) ? escaped : PREFIX + escaped;
  return Sku.safeParse(sku).success ? sku : undefined;
}

/** The stock code that a SKU was made from. */
export function toStockCode(sku: string): string {
  const escaped = sku.startsWith(PREFIX) ? sku.slice(PREFIX.length) : sku;
  const bytes = escaped.match(/\.[0-9A-F]{2}|[^.]/g) ?? [];
  return Buffer.from(
    bytes.map((part) => (part.length === 3 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0))),
  ).toString('utf8');
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_-]/.test(character) ? character : `.${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
