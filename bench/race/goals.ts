import { median } from '../studies/compare.ts';
import { FASTEST_PEER, type Figures, IDIOMATIC, type Result, cpuPerOrder, find, rateRatios } from './result.ts';

/** What a lane is to reach in relation to a peer, and what this run found. */
export interface Goal {
  row: string;
  what: string;
  side: 'at least' | 'at most';
  bound: number;
  found: number;
}

type Measure = (one: Figures, other: Figures) => number;

const rate: Measure = (one, other) => median(rateRatios(one, other));
const p50: Measure = (one, other) => one.p50Ms / other.p50Ms;
const cpu: Measure = (one, other) => cpuPerOrder(one) / cpuPerOrder(other);

interface Aim {
  row: string;
  base: string;
  words: string;
  measure: Measure;
  side: Goal['side'];
  bound: number;
  /** The numbers of clients it is meant for. */
  at: (clients: number) => boolean;
}

const alone = (clients: number) => clients === 1;
const crowded = (clients: number) => clients > 1;
const always = () => true;

const AIMS: readonly Aim[] = [
  { row: 'local-first', base: IDIOMATIC, words: 'orders/s', measure: rate, side: 'at least', bound: 5, at: crowded },
  { row: 'local-first', base: IDIOMATIC, words: 'p50', measure: p50, side: 'at most', bound: 0.2, at: alone },
  { row: 'local-first', base: FASTEST_PEER, words: 'p50', measure: p50, side: 'at most', bound: 1, at: alone },
  {
    row: 'local-first',
    base: IDIOMATIC,
    words: 'CPU an order',
    measure: cpu,
    side: 'at most',
    bound: 0.2,
    at: crowded,
  },
  { row: 'express', base: IDIOMATIC, words: 'orders/s', measure: rate, side: 'at least', bound: 6.5, at: crowded },
  { row: 'express', base: FASTEST_PEER, words: 'orders/s', measure: rate, side: 'at least', bound: 1, at: always },
  { row: 'express', base: FASTEST_PEER, words: 'p50', measure: p50, side: 'at most', bound: 1, at: always },
];

/** Each goal at each load it is meant for, where both sides were measured. */
export function goalsOf(result: Result): Goal[] {
  const loads = [...new Set(result.figures.map(({ clients }) => clients))];
  return AIMS.flatMap(({ row, base, words, measure, side, bound, at }) =>
    loads.filter(at).flatMap((clients) => {
      const [one, other] = [find(result, row, clients), find(result, base, clients)];
      const what = `${words} of ${base} at ${clients} ${clients === 1 ? 'client' : 'clients'}`;
      return one && other ? [{ row, what, side, bound, found: measure(one, other) }] : [];
    }),
  );
}

export const isReached = ({ side, bound, found }: Goal): boolean =>
  side === 'at least' ? found >= bound : found <= bound;
