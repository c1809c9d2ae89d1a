import { z } from 'zod';
import { ShippingAddress, WITHOUT_POSTAL_CODES } from '../../activities/address.ts';
import { text } from '../../activities/text.ts';

// ISO 3166-1 alpha-2, officially assigned codes only. Intl also knows regions that cannot be in an address, such as EU,
// ZZ and former countries.
const COUNTRIES = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
  'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO ' +
  'FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE ' +
  'JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO ' +
  'MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW ' +
  'PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM ' +
  'TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
).replaceAll(' ', '|');

export const ADDRESS_EXAMPLE = {
  name: 'Ada Lovelace',
  line1: '12 St James’s Square',
  city: 'London',
  postalCode: 'SW1Y 4JH',
  country: 'GB',
} as const;

/** An address from a request: its country must exist, and its texts must be visible. */
export const Address = ShippingAddress.safeExtend({
  name: text(200),
  line1: text(200),
  city: text(200),
  postalCode: text(20).optional(),
  country: z.string().regex(new RegExp(`^(${COUNTRIES})$`), 'is not a country code of ISO 3166-1 alpha-2'),
}).meta({
  id: 'ShippingAddress',
  description: '`postalCode` may be absent only in countries that have no postal codes.',
  // Not anyOf: generators of types would read its branches as alternatives to the whole address.
  override: {
    if: { properties: { country: { enum: [...WITHOUT_POSTAL_CODES] } }, required: ['country'] },
    else: { required: ['postalCode'] },
  },
  examples: [ADDRESS_EXAMPLE],
});
