import { minorDigitsOf } from '../../../activities/currencies.ts';
import type { Money } from '../../../activities/money.ts';

// The digits of Stripe's amounts where they are not those of ISO 4217 (https://docs.stripe.com/currencies#zero-decimal and
// #special-cases): 100 is one króna and one Ugandan shilling, and 1 is one ariary.
const STRIPE_DIGITS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

/** The amount that Stripe counts so. */
export function moneyOfStripe(amount: number, stripeCurrency: string): Money {
  const currency = stripeCurrency.toUpperCase();
  const digits = minorDigitsOf(currency);
  return { amountMinor: Math.round((amount * 10 ** digits) / 10 ** (STRIPE_DIGITS[currency] ?? digits)), currency };
}

/**
 * The amount as Stripe counts it. Undefined if it has no such amount: a fraction of an ariary, or a last digit other than
 * 0 of a currency of three decimals.
 */
export function stripeAmountOf({ amountMinor, currency }: Money): number | undefined {
  const digits = minorDigitsOf(currency);
  // Multiplied first, so that both steps stay exact.
  const amount = (amountMinor * 10 ** (STRIPE_DIGITS[currency] ?? digits)) / 10 ** digits;
  return Number.isSafeInteger(amount) && (digits < 3 || amount % 10 === 0) ? amount : undefined;
}
