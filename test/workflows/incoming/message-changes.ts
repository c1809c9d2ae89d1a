import fc from 'fast-check';

const ID = 'b3b2a1c0-5d4e-4f6a-8b7c-9d0e1f2a3b4c';
// The edges of what the contracts allow, and values of other kinds.
const TEXTS = [
  '',
  ' ',
  ' a ',
  'a\nb',
  'x'.repeat(20),
  'x'.repeat(21),
  'x'.repeat(200),
  'x'.repeat(201),
  'x'.repeat(500),
  'x'.repeat(501),
  `x${' '.repeat(300)}`,
  'x'.repeat(1000),
  'x'.repeat(1001),
  'é',
  'abc',
];
const IDS = [
  '00000000-0000-0000-0000-000000000000',
  ID.toUpperCase(),
  ID.replace('-4f', '-0f'),
  ID.replace('-8b', '-cb'),
  `${ID}\n`,
];
const CODES = [
  'GB',
  'gb',
  'GBP',
  'GBPX',
  'pm_a',
  'dispatched',
  'delivered',
  'canceled',
  'retry',
  'skip',
  'refund_manually',
  'collect_manually',
  'resellable',
  '-tea',
];
const TIMES = [
  '2026-02-29T00:00:00Z',
  '2026-02-28T24:00:00Z',
  '2026-01-01T00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-01',
  '2026-01-01T00:00:00+01:00',
];
const NUMBERS = [
  0,
  -0,
  -1,
  1,
  1.5,
  Number.NaN,
  Infinity,
  100_000,
  100_001,
  999_999_999_999,
  1_000_000_000_000,
  2 ** 53,
  1e300,
];
const OTHERS = [undefined, null, true, {}, [], [[]], [null], [{}], { sku: 'tea', quantity: 1 }, { name: 'Ada' }];
const EDGES: readonly unknown[] = [...TEXTS, ...IDS, ...CODES, ...TIMES, ...NUMBERS, ...OTHERS];
const WAYS = ['replace', 'remove', 'add', 'lengthen'] as const;

interface Change {
  /** The number of the field or item that is changed. */
  place: number;
  way: (typeof WAYS)[number];
  value: unknown;
}

/** A value replaced, a field or item left out, a field added, or a list made too long. */
function change(root: { message?: unknown }, { place, way, value }: Change): void {
  const places = placesIn(root);
  if (places.length === 0) return;
  const [parent, name] = places[place % places.length]!;
  const inside = parent[name];
  if (way === 'remove') delete parent[name];
  else if (way === 'add' && typeof inside === 'object' && inside)
    Object.assign(inside, { extra: structuredClone(value) });
  else if (way === 'lengthen' && Array.isArray(inside)) parent[name] = Array<unknown>(4_001).fill(inside[0]);
  else parent[name] = structuredClone(value);
}

export function changed(example: unknown, changes: readonly Change[]): unknown {
  const root = { message: structuredClone(example) };
  for (const one of changes) change(root, one);
  return root.message;
}

/** Every change to an edge, at every place. */
export const singleChanges = (example: unknown): Change[] =>
  placesIn({ message: example }).flatMap((_place, place) => [
    ...EDGES.map((value) => ({ place, way: 'replace' as const, value })),
    ...WAYS.map((way) => ({ place, way, value: 'x' })),
  ]);

export const severalChanges = fc.array(
  fc.record({
    place: fc.nat(100),
    way: fc.constantFrom(...WAYS),
    value: fc.oneof(fc.constantFrom(...EDGES), fc.jsonValue()),
  }),
  { maxLength: 3 },
);

const placesIn = (value: unknown): [Record<string, unknown>, string][] =>
  typeof value !== 'object' || value === null
    ? []
    : Object.keys(value).flatMap((name) => [
        [value as Record<string, unknown>, name] as [Record<string, unknown>, string],
        ...placesIn((value as Record<string, unknown>)[name]),
      ]);
