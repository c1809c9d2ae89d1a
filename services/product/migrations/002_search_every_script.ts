import { type Kysely, sql } from 'kysely';

/**
 * Search in every script. The terms of products and of queries are made by the same functions of the database, so they
 * cannot differ, and existing products get theirs here.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createSearchable(db);
  await createWords(db);
  await createTerms(db);
  await createQuery(db);
  // The column `search` stays for processes of the version before; a later migration can drop it.
  await sql`
    alter table products add column terms tsvector not null
      generated always as (search_terms(name || ' ' || description || ' ' || sku)) stored`.execute(db);
  await sql`create index products_terms on products using gin (terms)`.execute(db);
}

// What people leave out when they type: accents of Latin, Greek and Cyrillic letters, Hebrew points, Arabic and Syriac
// vowel marks, the Arabic tatweel, and characters that show nothing. Not the vowel signs of Indic and other scripts nor
// the voicing marks of kana, which make another word. The zero width space separates words.
const MARKS = /[\p{M}&&[\p{sc=Zinh}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}]]/v;
const OPTIONAL = new RegExp(
  `[[\\p{Default_Ignorable_Code_Point}\\u0640${MARKS.source}]--[\\u200b\\u3099\\u309a]]`,
  'v',
);

// Emoji and other pictures are words, as some names have no other. Not those of Latin-1 such as ©, the blank Braille
// pattern, and the signs that replace what is not a character.
const PICTURE = /[\p{So}--[\u00a0-\u00ff\u2800\ufffc\ufffd]]/v;
const SEPARATOR = new RegExp(`[[\\p{P}\\p{S}\\p{Z}\\p{Cc}\\p{Cf}]--${PICTURE.source}]`, 'v');

// Scripts that put no space between words, and pictures.
const SCRIPTS = ['Hani', 'Hira', 'Kana', 'Bopo', 'Thai', 'Laoo', 'Khmr', 'Mymr'];
const UNSPACED = new RegExp(`[${SCRIPTS.map((script) => `\\p{scx=${script}}`).join('')}${PICTURE.source}]`, 'v');

// Letters that Unicode does not decompose, with what people type who lack the key; final sigma; Arabic and Persian
// letters that look the same or are often exchanged; digits.
const LETTERS = 'ıøłđðħŧςیکىة٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९';
const TYPED = 'iolddhtσيكيه012345678901234567890123456789';

/** `searchable(text)`: its words between spaces, in one form whatever the case, the accents and the normal form. */
async function createSearchable(db: Kysely<unknown>): Promise<void> {
  const bare = sql`regexp_replace(normalize(given, NFKD), ${classOf(OPTIONAL)}, '', 'g')`;
  const letters = sql`translate(lower(${bare}), ${sql.lit(LETTERS)}, ${sql.lit(TYPED)})`;
  const typed = sql`replace(replace(replace(replace(${letters}, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')`;
  // Composed, so that a sign of a script is one character where it can be.
  const spaced = sql`regexp_replace(normalize(${typed}, NFKC), '(' || ${classOf(UNSPACED)} || '+)', ' \\1 ', 'g')`;
  await sql`
    create function searchable(given text) returns text language sql immutable strict parallel safe
    return regexp_replace(${spaced}, ${classOf(SEPARATOR)} || '+', ' ', 'g')`.execute(db);
}

/**
 * `search_words(text)`: the words, up to their 100th character, because a term of PostgreSQL has at most 2 KB. Of scripts
 * without spaces, each run of characters, which may be many words. `search_pairs(run)`: every two neighbouring
 * characters of a run, and the last.
 */
async function createWords(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function search_words(given text) returns table (word text, unspaced boolean)
      language sql immutable strict parallel safe
    begin atomic
      select case when is_unspaced then part else left(part, 100) end, is_unspaced
        from string_to_table(searchable(given), ' ') as part
       cross join lateral (select part ~ ${classOf(UNSPACED)} as is_unspaced) as script
       where part <> '';
    end`.execute(db);
  await sql`
    create function search_pairs(run text) returns table (pair text) language sql immutable strict parallel safe
    begin atomic
      select sign || coalesce(lead(sign) over (order by place), '')
        from string_to_table(run, null) with ordinality as signs (sign, place);
    end`.execute(db);
}

/**
 * `search_terms(text)`: each word and its English stem, so that "lantern" finds "lanterns" and the reverse; of a run
 * without spaces every two neighbouring characters, and the last.
 */
async function createTerms(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function search_terms(given text) returns tsvector language sql immutable strict parallel safe
    begin atomic
      select array_to_tsvector(coalesce(array_agg(distinct term), '{}'))
        from search_words(given)
       cross join lateral (
         select word as term where not unspaced
         union all select unnest(ts_lexize('pg_catalog.english_stem', word)) where not unspaced
         union all select pair from search_pairs(word) where unspaced
       ) as terms;
    end`.execute(db);
}

/**
 * `search_query(text)`: matches the terms of a text that has every word, or one that begins with it, or one of the same
 * stem. Null without a word. Words need no escaping: quotes and backslashes separate them.
 */
async function createQuery(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function search_query(given text) returns tsquery language sql immutable strict parallel safe
    begin atomic
      select string_agg(condition, ' & ')::tsquery
        from search_words(given)
       cross join lateral (
         select format('(%s)', string_agg(alternative, ' | ')) as condition
           from (
             select format('''%s'':*', word) as alternative
             union all select format('''%s''', unnest(ts_lexize('pg_catalog.english_stem', word)))
           ) as alternatives
          where not unspaced
         having count(*) > 0
         union all select format('''%s''', pair) from search_pairs(word) where unspaced and length(pair) = 2
         union all select format('''%s'':*', word) where unspaced and length(word) = 1
       ) as conditions;
    end`.execute(db);
}

/** A set of characters as a class of PostgreSQL's regular expressions, which know no properties of Unicode. */
function classOf(set: RegExp) {
  const ranges: [first: number, last: number][] = [];
  // From U+0001: PostgreSQL's text has no NUL. To U+E0FFF: the rest is for private use.
  for (let code = 1; code <= 0xe0fff; code += 1) {
    // No characters are assigned in between.
    if (code === 0x40000) code = 0xe0000;
    const character = String.fromCodePoint(code);
    if (!character.isWellFormed() || !set.test(character)) continue;
    const range = ranges.at(-1);
    if (range?.[1] === code - 1) range[1] = code;
    else ranges.push([code, code]);
  }
  const escaped = (code: number) => `\\U${code.toString(16).padStart(8, '0')}`;
  return sql.lit(`[${ranges.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join('')}]`);
}
