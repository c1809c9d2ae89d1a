import { minorDigitsOf } from '../../activities/currencies.ts';
import type { Money } from '../../activities/money.ts';

/** One record of RFC 4180, with its line break. Null is an empty field. */
export const csvRecord = (fields: readonly (string | number | null)[]): string =>
  `${fields.map((field) => (typeof field === 'string' ? quoted(harmless(field)) : String(field ?? ''))).join(',')}\r\n`;

// What makes a spreadsheet calculate, in the first place or after spaces; also in full width, as some input methods have it.
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;

/**
 * A spreadsheet runs a cell that begins like a formula, which a customer could call themselves. With an apostrophe before
 * it, it is text (OWASP, CSV injection).
 */
const harmless = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** An amount with the decimals of its currency: `12.50`, or `1250` yen. Never through a double. */
export function decimalOf({ amountMinor, currency }: Money): string {
  const digits = minorDigitsOf(currency);
  if (digits === 0) return String(amountMinor);
  const text = String(amountMinor).padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
