import { z } from 'zod';
import { CURRENCIES } from './currencies.ts';

/** The form of an ISO 4217 code. Stored amounts may have a code that is not in use any more. */
const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as GBP');

/** A currency in which new prices may be set: one that people pay with today. */
export const ActiveCurrency = z
  .string()
  .regex(new RegExp(`^(${CURRENCIES.join('|')})$`), 'must be the ISO 4217 code of a currency in use, such as GBP');

/** An amount in the currency's minor unit (pence for GBP), as a non-negative integer, so that sums are exact. */
export const Money = z.strictObject({
  amountMinor: z.int().min(0).max(999_999_999_999),
  currency: Currency,
});
export type Money = z.infer<typeof Money>;

/** `quantity` times `price`, exact within the safe integers. */
export const times = (price: Money, quantity: number): Money => ({
  amountMinor: price.amountMinor * quantity,
  currency: price.currency,
});
