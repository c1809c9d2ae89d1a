import { minorDigitsOf } from './currencies.ts';
import type { Money } from './money.ts';

// Apart from the shapes of money, so that a workflow can import it: it must not bundle zod.

/** By currency: making one takes ten times as long as using it. There are no more than ISO 4217 has. */
const formats = new Map<string, Intl.NumberFormat>();

/** An amount as text for people, such as `£12.50`, with as many decimals as ISO 4217 gives the currency. */
export function moneyInWords({ amountMinor, currency }: Money): string {
  const fraction = minorDigitsOf(currency);
  let format = formats.get(currency);
  if (!format) {
    const decimals = { minimumFractionDigits: fraction, maximumFractionDigits: fraction };
    format = new Intl.NumberFormat('en-GB', { style: 'currency', currency, ...decimals });
    formats.set(currency, format);
  }
  return format.format(amountMinor / 10 ** fraction);
}
