import { minorDigitsOf } from './currencies.ts';
import type { Money } from './money.ts';

// Apart from the shapes of money, so that a workflow can import it: it must not bundle zod.

/** An amount as text for people, such as `£12.50`, with as many decimals as ISO 4217 gives the currency. */
export function moneyInWords({ amountMinor, currency }: Money): string {
  const fraction = minorDigitsOf(currency);
  return new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency,
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  }).format(amountMinor / 10 ** fraction);
}
