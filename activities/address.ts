import { z } from 'zod';
import { storedText } from './text.ts';

const line = storedText(200);

/**
 * ISO 3166-1 codes of the countries that have no postal codes: those whose address format in Google's libaddressinput
 * (https://chromium-i18n.appspot.com/ssl-address) has no postal code, and those that have no format of their own there.
 * A few of these have introduced postal codes that their mail does not need, so one may be given.
 */
export const WITHOUT_POSTAL_CODES: readonly string[] = (
  'AE AG AO AQ AW BF BI BJ BO BQ BS BV BW BZ CD CF CG CI CK CM CW DJ DM ER FJ GA GD GH GM GQ GY HK JM KI KM KN LC LY ' +
  'ML MO MR MS MW NR NU PA PS QA RW SB SC SL SR SS ST SX SY TD TF TG TK TL TO TT TV UG VU WS YE ZW'
).split(' ');

/**
 * A postal address for deliveries. `country` is an ISO 3166-1 alpha-2 code; `postalCode` may be absent only where the
 * country has none.
 */
export const ShippingAddress = z
  .strictObject({
    name: line,
    line1: line,
    line2: z.string().trim().max(200).optional(),
    city: line,
    postalCode: storedText(20).optional(),
    country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as GB'),
  })
  .refine(({ postalCode, country }) => postalCode !== undefined || WITHOUT_POSTAL_CODES.includes(country), {
    error: 'is required in this country',
    path: ['postalCode'],
  });
export type ShippingAddress = z.infer<typeof ShippingAddress>;
