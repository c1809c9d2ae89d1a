import { type RawBuilder, sql } from 'kysely';

/** True of the products in which every word of `query` occurs, begins a word, or shares a word's stem. */
export function matches(query: string): RawBuilder<boolean> {
  // Letters and digits alone, so that no input is an operator of PostgreSQL's query language.
  const words = query.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return sql<boolean>`false`;
  const terms = words.map((word) => sql`(to_tsquery('simple', ${`${word}:*`}) || plainto_tsquery('english', ${word}))`);
  return sql<boolean>`search @@ (${sql.join(terms, sql` && `)})`;
}
