import { type RawBuilder, sql } from 'kysely';

// The data of events, of an order's columns.

export const total = sql`jsonb_build_object('amountMinor', total_minor, 'currency', currency)`;

export const stockLines = sql`(
  select jsonb_agg(jsonb_build_object('sku', line->'sku', 'quantity', line->'quantity') order by position)
    from jsonb_array_elements(lines) with ordinality as listed (line, position))`;

/** As `Date.toISOString` writes it. */
export const rfc3339 = (at: RawBuilder<unknown>) =>
  sql`to_char(${at} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

export const json = (data: Record<string, unknown>) => sql`${JSON.stringify(data)}::jsonb`;
