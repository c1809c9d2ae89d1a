import type { Money } from './money.ts';

// Apart from the shapes of money, so that a workflow can import it: it must not bundle zod.

// ISO 4217 list one. Not the digits of `Intl`, which are CLDR's: it drops those that are rarely used, as of HUF and IQD.
const MINOR_DIGITS: Readonly<Record<string, number>> = {
  ...digits(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...digits(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...digits(4, 'CLF UYW'),
};
const USUAL_MINOR_DIGITS = 2;

function digits(count: number, currencies: string): Record<string, number> {
  return Object.fromEntries(currencies.split(' ').map((currency) => [currency, count]));
}

/** An amount as text for people, such as `£12.50`, with as many decimals as ISO 4217 gives the currency. */
export function moneyInWords({ amountMinor, currency }: Money): string {
  const fraction = MINOR_DIGITS[currency] ?? USUAL_MINOR_DIGITS;
  return new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency,
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  }).format(amountMinor / 10 ** fraction);
}
