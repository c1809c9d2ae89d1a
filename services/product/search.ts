import { type RawBuilder, sql } from 'kysely';

/** SQL condition: every word of `query` is a word of the product, or the beginning of one, or has the same stem. */
export function matches(query: string): RawBuilder<boolean> {
  // Only letters and digits, so that no input is an operator of PostgreSQL's query language.
  const words = query.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return sql<boolean>`false`;
  const terms = words.map((word) => sql`(to_tsquery('simple', ${`${word}:*`}) || plainto_tsquery('english', ${word}))`);
  return sql<boolean>`search @@ (${sql.join(terms, sql` && `)})`;
}
