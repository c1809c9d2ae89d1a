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

/**
 * What is no country but may be sent to. The Channel Islands are two (Jersey and Guernsey) and have no code of their
 * own: the larger stands for both. `EU` is reserved in ISO 3166-1 for the European Union.
 */
const APPROXIMATE: Readonly<Record<string, string>> = { 'channel islands': 'JE', 'european community': 'EU' };

/**
 * For a name that no country has. ISO 3166-1 leaves `ZZ` to its users and Unicode calls it "Unknown Region": nobody
 * will take it for a place, and the order still counts.
 */
export const UNKNOWN_COUNTRY = 'ZZ';

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
  return code ? { code, exact: true } : { code: APPROXIMATE[key] ?? UNKNOWN_COUNTRY, exact: false };
}

/** English names to codes, of every region that Unicode knows; withdrawn codes give way to today's. */
const CODES: ReadonlyMap<string, string> = new Map(
  LETTERS.flatMap((first) => LETTERS.map((second) => first + second))
    .filter((code) => code !== UNKNOWN_COUNTRY)
    .flatMap((code): [string, string][] => {
      const name = ENGLISH.of(code);
      return name ? [[name.toLowerCase(), new Intl.Locale(`und-${code}`).region ?? code]] : [];
    }),
);
