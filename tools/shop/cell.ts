// White space in the sense of Unicode, with tabs, line breaks and no-break spaces, and the zero-width space.
const BLANKS = /[\s\u200B]+/gu;
// Spreadsheets and web pages leave direction marks and soft hyphens around what is copied from them. The lookbehind
// lets a run of them within the text be tried once only.
const INVISIBLE_ENDS = /^[\s\p{Cf}]+|(?<![\s\p{Cf}])[\s\p{Cf}]+$/gu;
const UNREADABLE = /[\p{Cc}\uFFFD]/u;

/** A cell's text on one line, without blanks and invisible characters around it. Blanks other than spaces become one. */
export const textOf = (cell: string): string =>
  cell.replaceAll(INVISIBLE_ENDS, '').replaceAll(BLANKS, (run) => (/[^ ]/.test(run) ? ' ' : run));

/** Whether a text has control characters, or the replacement character of a conversion that lost what it stood for. */
export const isUnreadable = (text: string): boolean => UNREADABLE.test(text);

/** How the numbers of a file are to be read. */
export interface Notation {
  /** Digits of the currency's minor unit: 2 for GBP, 0 for JPY. */
  minorDigits: number;
  /** `2.500` is two and a half. False in a file in which it may also be two thousand five hundred. */
  pointIsDecimal: boolean;
}

/** The text is no number, or one that can be read in two ways. */
export type Unreadable = 'unreadable';

/**
 * The price in minor units, exactly. A point or a comma is the decimal sign, unless it may separate thousands, as in
 * `1,000`: that is unreadable. Undefined if the price is not a whole number of minor units, as `0.001` pounds.
 */
export function toMinor(text: string, { minorDigits, pointIsDecimal }: Notation): number | undefined | Unreadable {
  const { sign, whole, point, fraction = '' } = DECIMAL.exec(text)?.groups ?? {};
  if (whole === undefined) return 'unreadable';
  const mayBeThousands = fraction.length === 3 && /^[1-9]\d{0,2}$/.test(whole) && !(point === '.' && pointIsDecimal);
  if (mayBeThousands) return 'unreadable';
  if (/[1-9]/.test(fraction.slice(minorDigits))) return undefined;
  const minor = Number(whole + fraction.slice(0, minorDigits).padEnd(minorDigits, '0'));
  return sign ? -minor : minor;
}

const DECIMAL = /^(?<sign>-?)(?<whole>\d{1,12})(?:(?<point>[.,])(?<fraction>\d{1,12}))?$/;

/** A whole number, also written as `6.0`. */
export const toWhole = (text: string): number | Unreadable =>
  WHOLE.test(text) ? Number.parseInt(text, 10) : 'unreadable';

// Not `6.000`, which may be six thousand.
const WHOLE = /^[-+]?\d{1,9}(?:[.,]0{1,2})?$/;
