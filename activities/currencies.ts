// Apart from the shapes of money, so that a workflow can import it: it must not bundle zod.

// ISO 4217 list one as of amendment 180, in force since 1 January 2026, by the digits of the minor unit. Only money that
// people pay with: no funds and units of account (BOV, CHE, CHW, CLF, COU, MXV, USN, UYI, UYW, XAD, XDR, XSU, XUA), no
// bonds and metals (XBA to XBD, XAG, XAU, XPD, XPT), not XTS (for tests) and XXX (no currency). `Intl` cannot tell: it
// knows former currencies too, and its digits are CLDR's, which drops those that are rarely used, as of HUF and IQD.
const ACTIVE: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP ' +
    'CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES ' +
    'KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK ' +
    'NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB ' +
    'TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
};
// Units of account that are not accepted any more, but that stored amounts may have.
const NOT_ACTIVE: Readonly<Record<number, string>> = { 0: 'UYI', 4: 'CLF UYW' };
const USUAL_MINOR_DIGITS = 2;

/** The codes of the currencies in use today (ISO 4217), in alphabetical order. */
export const CURRENCIES: readonly string[] = Object.values(ACTIVE)
  .flatMap((codes) => codes.split(' '))
  .toSorted();

const MINOR_DIGITS: ReadonlyMap<string, number> = new Map(
  [...Object.entries(NOT_ACTIVE), ...Object.entries(ACTIVE)].flatMap(([digits, codes]) =>
    codes.split(' ').map((code) => [code, Number(digits)] as const),
  ),
);

/** The number of digits of a currency's minor unit by ISO 4217, 2 for pence; 2 for a code that it does not know. */
export const minorDigitsOf = (currency: string): number => MINOR_DIGITS.get(currency) ?? USUAL_MINOR_DIGITS;
