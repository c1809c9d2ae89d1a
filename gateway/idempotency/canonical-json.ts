/** JSON with the fields of every object sorted, so that equal values have equal text. Arrays keep their order. */
export const canonicalJson = (value: unknown): string => JSON.stringify(value ?? null, sorted);

const sorted = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)))
    : value;
