import { type RawBuilder, sql } from 'kysely';
import { storableText } from '../../platform/database/storable-text.ts';

/**
 * SQL condition: every word of `query` is a word of the product, or the beginning of one, or has the same stem. The
 * database makes the words of products and queries, with one function (migration 002).
 */
export const matches = (query: string): RawBuilder<boolean> =>
  sql<boolean>`terms @@ search_query(${storableText(query)})`;
