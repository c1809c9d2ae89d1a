const ENGLISH = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

/** Names that shops use instead of the English standard name. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  eire: 'IE',
  rsa: 'ZA',
  usa: 'US',
  uk: 'GB',
  uae: 'AE',
  korea: 'KR',
  'czech republic': 'CZ',
  'hong kong': 'HK',
};

/** Names without a country of their own in ISO 3166-1, and the nearest country. Jersey is the larger Channel Island. */
const NEAREST: Readonly<Record<string, string>> = { 'channel islands': 'JE' };

/**
 * The country for names such as "Unspecified" and "European Community": where the shop is, and nine in ten of its
 * customers. A code for "unknown" (ZZ) would be more accurate, but it is not in the standard: neither carriers nor our
 * API accept it. The import prints how many lines this affects.
 */
const HOME = 'GB';

export interface Country {
  /** ISO 3166-1 alpha-2. */
  code: string;
  /** False if the name is not a name of that country. */
  exact: boolean;
}

/** Finds a country by its English name or a name that shops use. Ignores case. */
export function toCountry(name: string): Country {
  const key = name.trim().toLowerCase();
  const code = OTHER_NAMES[key] ?? CODES.get(key);
  return code ? { code, exact: true } : { code: NEAREST[key] ?? HOME, exact: false };
}

// Unicode also names regions that ISO 3166-1 reserves or leaves to its users: the European Union, the Canary Islands,
// Kosovo, test regions. By the standard they are not part of an address.
const UNASSIGNED = /^(AA|AC|CP|CQ|DG|EA|EU|EZ|IC|Q[M-Z]|TA|UN|X[A-Z]|ZZ)$/;

/** Codes of all countries by English name. Withdrawn codes are replaced by their successors. */
const CODES: ReadonlyMap<string, string> = new Map(
  LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
    .map((code) => ({ name: ENGLISH.of(code)?.toLowerCase(), code: new Intl.Locale(`und-${code}`).region ?? code }))
    .filter(({ name, code }) => name !== undefined && !UNASSIGNED.test(code))
    .map(({ name, code }): [string, string] => [name!, code]),
);

/** Every code that `toCountry` can return. */
export const countryCodes = (): Set<string> =>
  new Set([...CODES.values(), ...Object.values(OTHER_NAMES), ...Object.values(NEAREST), HOME]);
