import type { Money } from './money.ts';

/** "24.90 GBP", "5000 JPY", "12.345 KWD": an amount for people to read, with the decimals of ISO 4217. */
export function moneyInWords({ amountMinor, currency }: Money): string {
  const { maximumFractionDigits: digits = 2 } = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
  }).resolvedOptions();
  return `${(amountMinor / 10 ** digits).toFixed(digits)} ${currency}`;
}
