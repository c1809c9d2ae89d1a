const ENGLISH = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

/** Names as shops write them, where English has another. */
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

/** What is no country of ISO 3166-1 but is nearest to one: the Channel Islands are two, and Jersey the larger. */
const NEAREST: Readonly<Record<string, string>> = { 'channel islands': 'JE' };

/**
 * For names that are no country's, such as "Unspecified" and "European Community": where the shop itself is, and nine
 * in ten of its customers. A code for "unknown" (ZZ) would be more honest and is not in the standard, so that no
 * carrier, and not our API, takes a parcel there. Whoever imports is told how many lines it was.
 */
const HOME = 'GB';

export interface Country {
  /** ISO 3166-1 alpha-2. */
  code: string;
  /** False where the name is none of that country's own. */
  exact: boolean;
}

/** The country of that name, in English or as shops write it; case does not matter. */
export function toCountry(name: string): Country {
  const key = name.trim().toLowerCase();
  const code = OTHER_NAMES[key] ?? CODES.get(key);
  return code ? { code, exact: true } : { code: NEAREST[key] ?? HOME, exact: false };
}

// Unicode names regions that are reserved in ISO 3166-1 or left to its users, too: the European Union, the Canary
// Islands, Kosovo, its own for tests. Nobody has an address there, by the standard.
const UNASSIGNED = /^(AA|AC|CP|CQ|DG|EA|EU|EZ|IC|Q[M-Z]|TA|UN|X[A-Z]|ZZ)$/;

/** English names to codes, of every country; withdrawn codes give way to today's. */
const CODES: ReadonlyMap<string, string> = new Map(
  LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
    .map((code) => ({ name: ENGLISH.of(code)?.toLowerCase(), code: new Intl.Locale(`und-${code}`).region ?? code }))
    .filter(({ name, code }) => name !== undefined && !UNASSIGNED.test(code))
    .map(({ name, code }): [string, string] => [name!, code]),
);

/** Every code that a name can have. */
export const countryCodes = (): Set<string> =>
  new Set([...CODES.values(), ...Object.values(OTHER_NAMES), ...Object.values(NEAREST), HOME]);
