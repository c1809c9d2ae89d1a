import { median } from '../quantiles.ts';
import {
  FASTEST_PEER,
  type Measurement,
  IDIOMATIC,
  type Result,
  behindGateway,
  cpuPerOrder,
  find,
  flashOf,
  rateRatios,
} from './result.ts';

/** A goal for a lane relative to another row, and the value of this run. */
export interface Goal {
  row: string;
  what: string;
  side: 'at least' | 'at most';
  bound: number;
  found: number;
}

const rateRatio = (one: Measurement, other: Measurement): number => median(rateRatios(one, other));

const MEASURES = {
  'orders/s': rateRatio,
  p50: (one: Measurement, other: Measurement) => one.p50Ms / other.p50Ms,
  'CPU an order': (one: Measurement, other: Measurement) => cpuPerOrder(one) / cpuPerOrder(other),
};

type GoalDefinition = {
  row: string;
  base: string;
  measure: keyof typeof MEASURES;
  /** The numbers of clients to which the goal applies. */
  at: readonly number[];
} & ({ atLeast: number } | { atMost: number });

const EACH = [1, 16, 64];
const MANY = [16, 64];

const GOALS: readonly GoalDefinition[] = [
  { row: 'express', base: IDIOMATIC, measure: 'orders/s', at: MANY, atLeast: 7 },
  { row: 'express', base: FASTEST_PEER, measure: 'orders/s', at: [1, 16], atLeast: 1.3 },
  { row: 'express', base: FASTEST_PEER, measure: 'orders/s', at: [64], atLeast: 1.2 },
  { row: 'express', base: 'dbos', measure: 'orders/s', at: EACH, atLeast: 1.15 },
  { row: 'express', base: FASTEST_PEER, measure: 'p50', at: EACH, atMost: 0.75 },
  { row: 'express', base: 'direct', measure: 'orders/s', at: EACH, atLeast: 0.55 },
  { row: 'express', base: IDIOMATIC, measure: 'CPU an order', at: EACH, atMost: 0.17 },
  { row: 'local-first', base: IDIOMATIC, measure: 'orders/s', at: MANY, atLeast: 3 },
  { row: 'local-first', base: 'floor', measure: 'orders/s', at: EACH, atLeast: 0.9 },
  ...(['local-first', 'express'] as const).map((lane) => {
    return { row: behindGateway(lane), base: lane, measure: 'orders/s' as const, at: EACH, atLeast: 0.8 };
  }),
  // Many orders for the same two SKUs wait for each other, but not for long.
  ...['direct', 'local-first', 'express'].map((row) => {
    return { row: flashOf(row), base: row, measure: 'orders/s' as const, at: [64], atLeast: 0.9 };
  }),
];

// More clients than a row has use for may make it slower, but never by much.
const NO_COLLAPSE = { row: 'express', at: [64, 256], atLeast: 0.9 };

// Without a fault injected almost none falls back to the saga, however many clients wait.
const AT_ONCE = { atLeast: 0.99 };

/** Evaluates each goal at each load to which it applies, if both rows were measured. */
export function goalsOf(result: Result): Goal[] {
  const loads = [...new Set(result.measurements.map(({ clients }) => clients))];
  const relative = GOALS.flatMap(({ row, base, measure, at, ...bound }) =>
    loads
      .filter((clients) => at.includes(clients))
      .flatMap((clients) => {
        const [one, other] = [find(result, row, clients), find(result, base, clients)];
        if (!one || !other) return [];
        const what = `${measure} of ${base} at ${clientsInWords(clients)}`;
        return [{ row, what, ...sideOf(bound), found: MEASURES[measure](one, other) }];
      }),
  );
  return [...relative, ...collapseGoals(result), ...atOnceGoals(result)];
}

/** The rate at many clients, relative to the rate at the number of clients with which the row is fastest. */
function collapseGoals({ measurements }: Result): Goal[] {
  const { row, at, ...bound } = NO_COLLAPSE;
  const loads = measurements.filter((one) => one.row === row);
  const best = loads.toSorted((one, other) => other.ordersPerSecond - one.ordersPerSecond)[0];
  if (!best || loads.length === 1) return [];
  return loads
    .filter(({ clients }) => at.includes(clients))
    .map((one) => {
      const what = `orders/s of its best number of clients at ${clientsInWords(one.clients)}`;
      return { row, what, ...sideOf(bound), found: rateRatio(one, best) };
    });
}

const atOnceGoals = ({ measurements }: Result): Goal[] =>
  measurements.flatMap(({ row, clients, atOnce }) => {
    if (atOnce === undefined) return [];
    const what = `orders of ${clientsInWords(clients)} confirmed at once`;
    return [{ row, what, ...sideOf(AT_ONCE), found: atOnce }];
  });

const sideOf = (bound: { atLeast: number } | { atMost: number }): Pick<Goal, 'side' | 'bound'> =>
  'atLeast' in bound ? { side: 'at least', bound: bound.atLeast } : { side: 'at most', bound: bound.atMost };

export const clientsInWords = (clients: number): string => `${clients} ${clients === 1 ? 'client' : 'clients'}`;

export const isReached = ({ side, bound, found }: Goal): boolean =>
  side === 'at least' ? found >= bound : found <= bound;
