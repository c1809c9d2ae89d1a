/** JSON with every object's fields in one order, so that what means the same reads the same; arrays keep theirs. */
export const canonicalJson = (value: unknown): string => JSON.stringify(value ?? null, sorted);

const sorted = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value;
