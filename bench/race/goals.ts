import { median } from '../quantiles.ts';
import { FASTEST_PEER, type Measurement, IDIOMATIC, type Result, cpuPerOrder, find, rateRatios } from './result.ts';

/** A goal for a lane relative to another row, and the value of this run. */
export interface Goal {
  row: string;
  what: string;
  side: 'at least' | 'at most';
  bound: number;
  found: number;
}

type Measure = (one: Measurement, other: Measurement) => number;

const rate: Measure = (one, other) => median(rateRatios(one, other));
const p50: Measure = (one, other) => one.p50Ms / other.p50Ms;
const cpu: Measure = (one, other) => cpuPerOrder(one) / cpuPerOrder(other);

interface GoalDefinition {
  row: string;
  base: string;
  title: string;
  measure: Measure;
  side: Goal['side'];
  bound: number;
  /** Whether the goal applies to this number of clients. */
  at: (clients: number) => boolean;
}

const oneClient = (clients: number) => clients === 1;
const manyClients = (clients: number) => clients > 1;
const always = () => true;

const GOALS: readonly GoalDefinition[] = [
  {
    row: 'local-first',
    base: IDIOMATIC,
    title: 'orders/s',
    measure: rate,
    side: 'at least',
    bound: 5,
    at: manyClients,
  },
  { row: 'local-first', base: IDIOMATIC, title: 'p50', measure: p50, side: 'at most', bound: 0.2, at: oneClient },
  { row: 'local-first', base: FASTEST_PEER, title: 'p50', measure: p50, side: 'at most', bound: 1, at: oneClient },
  {
    row: 'local-first',
    base: IDIOMATIC,
    title: 'CPU an order',
    measure: cpu,
    side: 'at most',
    bound: 0.2,
    at: manyClients,
  },
  { row: 'express', base: IDIOMATIC, title: 'orders/s', measure: rate, side: 'at least', bound: 6.5, at: manyClients },
  { row: 'express', base: FASTEST_PEER, title: 'orders/s', measure: rate, side: 'at least', bound: 1, at: always },
  { row: 'express', base: FASTEST_PEER, title: 'p50', measure: p50, side: 'at most', bound: 1, at: always },
];

/** Evaluates each goal at each load to which it applies, if both rows were measured. */
export function goalsOf(result: Result): Goal[] {
  const loads = [...new Set(result.measurements.map(({ clients }) => clients))];
  return GOALS.flatMap(({ row, base, title, measure, side, bound, at }) =>
    loads.filter(at).flatMap((clients) => {
      const [one, other] = [find(result, row, clients), find(result, base, clients)];
      const what = `${title} of ${base} at ${clients} ${clients === 1 ? 'client' : 'clients'}`;
      return one && other ? [{ row, what, side, bound, found: measure(one, other) }] : [];
    }),
  );
}

export const isReached = ({ side, bound, found }: Goal): boolean =>
  side === 'at least' ? found >= bound : found <= bound;
