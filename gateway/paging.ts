import { z } from 'zod';

const DEFAULT_LIMIT = '20';

/** The query fields of every list. */
export const pageQuery = {
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'is not a cursor of this list')
    .max(1000)
    .optional()
    .meta({ description: 'cursor from the `next` field of the previous page' }),
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .default(DEFAULT_LIMIT)
    .transform(Number)
    .meta({
      // Callers see a number: HTTP sends every query value as text.
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: 1, maximum: 100, default: Number(DEFAULT_LIMIT) });
      },
    }),
};

/** The schema of one page of a list. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next: z.string().nullable().meta({ description: 'path and query of the next page; null on the last page' }),
  });

/** The path and query of the next page with the same filter; null after the last page. */
export function nextPage(
  path: string,
  cursor: string | null,
  { limit, ...filter }: { limit: number } & Record<string, string | number | boolean | undefined>,
): string | null {
  if (cursor === null) return null;
  const query = new URLSearchParams({ cursor, limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined && name !== 'cursor') query.set(name, String(value));
  }
  return `${path}?${query.toString()}`;
}
