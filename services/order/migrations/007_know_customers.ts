import { type Kysely, sql } from 'kysely';

/** The customers' e-mail addresses and names, as the user service's events tell them, so that staff find orders by them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createInbox(db);
  await createSearchable(db);
  await createTerms(db);
  await createQuery(db);
  await createContacts(db);
}

async function createContacts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table contacts (
      -- The user's id.
      customer_id uuid primary key,
      email text not null,
      name text not null,
      terms tsvector not null generated always as (name_terms(name)) stored
    )`.execute(db);
  // Addresses that begin with a text are a range of this index in any locale of the database.
  await sql`create index contacts_by_email on contacts (lower(email) collate "C")`.execute(db);
  await sql`create index contacts_by_name on contacts using gin (terms)`.execute(db);
}

// What people leave out when they type a name: accents, vowel marks, characters that show nothing. Not the vowel signs
// of Indic and other scripts nor the voicing marks of kana, which make another word.
const MARKS = /[\p{M}&&[\p{sc=Zinh}\p{sc=Grek}\p{sc=Cyrl}\p{sc=Hebr}\p{sc=Arab}\p{sc=Syrc}]]/v;
const OPTIONAL = new RegExp(
  `[[\\p{Default_Ignorable_Code_Point}\\u0640${MARKS.source}]--[\\u200b\\u3099\\u309a]]`,
  'v',
);
const SEPARATOR = /[\p{P}\p{S}\p{Z}\p{Cc}\p{Cf}]/v;
// Scripts that put no space between words.
const UNSPACED = /[\p{scx=Hani}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]/v;

// Letters that Unicode does not decompose, with what people type who lack the key; final sigma; Arabic and Persian
// letters that are often exchanged.
const LETTERS = 'ıøłđðħŧςیکىة';
const TYPED = 'iolddhtσيكيه';

/** `searchable(text)`: its words between spaces, in one form whatever the case, the accents and the normal form. */
async function createSearchable(db: Kysely<unknown>): Promise<void> {
  const bare = sql`regexp_replace(normalize(given, NFKD), ${classOf(OPTIONAL)}, '', 'g')`;
  const letters = sql`translate(lower(${bare}), ${sql.lit(LETTERS)}, ${sql.lit(TYPED)})`;
  const typed = sql`replace(replace(replace(replace(${letters}, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')`;
  await sql`
    create function searchable(given text) returns text language sql immutable strict parallel safe
    return regexp_replace(normalize(${typed}, NFKC), ${classOf(SEPARATOR)} || '+', ' ', 'g')`.execute(db);
}

/**
 * `name_terms(text)`: the words of a name, up to their 100th character, because a term of PostgreSQL has at most 2 KB. In
 * scripts without spaces every ending of a word is a term too, so that a given name finds a full one.
 */
async function createTerms(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function name_terms(given text) returns tsvector language sql immutable strict parallel safe
    begin atomic
      select array_to_tsvector(coalesce(array_agg(distinct term), '{}'))
        from string_to_table(searchable(given), ' ') as word
       cross join lateral (
         select left(word, 100) as term
         union all
         select substr(left(word, 100), place) from generate_series(2, least(length(word), 100)) as place
          where word ~ ${classOf(UNSPACED)}
       ) as terms
       where word <> '';
    end`.execute(db);
}

/**
 * `name_query(text)`: matches the terms of a name in which, for each word of the text, a word begins with it. Null without
 * a word. Words need no escaping: quotes and backslashes separate them.
 */
async function createQuery(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function name_query(given text) returns tsquery language sql immutable strict parallel safe
    begin atomic
      select string_agg(format('''%s'':*', left(word, 100)), ' & ')::tsquery
        from string_to_table(searchable(given), ' ') as word where word <> '';
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

/** The events that this service received from others, and how far it has read each publisher's feed. */
async function createInbox(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table inbox (
      position bigint generated always as identity primary key,
      -- An event that is delivered twice is stored once, and so handled at most once.
      id uuid not null unique,
      publisher text not null,
      type text not null,
      subject text not null,
      time timestamptz not null,
      traceparent text,
      data jsonb,
      state text not null default 'waiting' check (state in ('waiting', 'done', 'discarded')),
      attempts integer not null default 0,
      last_error text,
      next_attempt_at timestamptz not null default now(),
      -- Milliseconds, like a JavaScript date, because a cursor is made of this time.
      received_at timestamptz not null default date_trunc('milliseconds', now()),
      settled_at timestamptz,
      note text,
      resolved_by text,
      constraint settled_says_when check ((state = 'waiting') = (settled_at is null)),
      constraint waiting_can_be_handled check (state <> 'waiting' or data is not null)
    )`.execute(db);
  // Finds the first waiting event of each subject; runs all the time.
  await sql`create index inbox_waiting on inbox (publisher, subject, position) where state = 'waiting'`.execute(db);
  // Finds what retention deletes.
  await sql`create index inbox_settled on inbox (settled_at) where state <> 'waiting'`.execute(db);
  await sql`
    create table inbox_cursors (
      publisher text primary key,
      cursor text,
      read_at timestamptz not null default now()
    )`.execute(db);
}
