import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Arguments from './arguments.ts';
import type { Checkout } from './checkout.ts';
import { type Goal, clientsInWords, isReached } from './goals.ts';
import { meanWithError, ranged, times } from './ratios.ts';
import { type Measurement, type Result, find, rateRatios } from './result.ts';
import { median } from '../quantiles.ts';
import type { System } from './systems/system.ts';

export const rowAt = (row: string, commit: string): string => `${row} at ${commit}`;

/**
 * The systems as another commit has them, its own programs, services and migrations; how they are driven and measured
 * stays the same.
 */
export async function systemsAt({ folder, id }: Checkout, systems: readonly System[]): Promise<System[]> {
  const file = path.join(folder, 'bench/race/arguments.ts');
  const { readOptions } = (await import(pathToFileURL(file).href)) as typeof Arguments;
  return systems.map((own) => {
    const [theirs] = readOptions(['--only', own.row]).systems as [System];
    const { countWorkflows, historyEvents } = own;
    return {
      ...theirs,
      row: rowAt(own.row, id),
      root: folder,
      ...(countWorkflows && { countWorkflows }),
      ...(historyEvents && { historyEvents }),
    };
  });
}

// `direct` is nothing but an order's work, whose cost is to fall; that of the lanes is not to grow by what is added.
const BOUNDS: Readonly<Record<string, number>> = { direct: 0.8, 'local-first': 1.05, express: 1.05 };

/** The goals of the comparison at each number of clients: the CPU an order, to that at the base. */
export function comparisonGoals(result: Result): Goal[] {
  return pairsOf(result).flatMap(({ now, before }) => {
    const bound = BOUNDS[now.row];
    if (bound === undefined) return [];
    const what = `CPU an order of ${before.row} at ${clientsInWords(now.clients)}`;
    return [{ row: now.row, what, side: 'at most' as const, bound, found: median(cpuRatios(now, before)) }];
  });
}

export const COMPARISON_HEAD = [
  'Row',
  'clients',
  'CPU an order',
  'its mean',
  'orders/s',
  'p50',
  'CPU ms by process, before → now',
];

/** Each row now, relative to what it was at the base: ratios within a round. */
export const comparisonRows = (result: Result): string[][] =>
  pairsOf(result).map(({ now, before }) => [
    `${now.row} to ${before.row}`,
    String(now.clients),
    ranged(cpuRatios(now, before)),
    meanWithError(cpuRatios(now, before)),
    ranged(rateRatios(now, before)),
    times(now.p50Ms / before.p50Ms),
    byProcess(now, before),
  ]);

export function comparisonReport(result: Result): string {
  const goals = comparisonGoals(result).map(
    (goal) =>
      `${isReached(goal) ? 'reached' : 'missed'}: ${times(goal.found)} the ${goal.what} (${goal.side} ${times(goal.bound)})`,
  );
  return [...[COMPARISON_HEAD, ...comparisonRows(result)].map((cells) => cells.join('  |  ')), ...goals].join('\n');
}

function pairsOf(result: Result): { now: Measurement; before: Measurement }[] {
  const { base } = result;
  if (base === undefined) return [];
  return result.measurements.flatMap((now) => {
    const before = find(result, rowAt(now.row, base), now.clients);
    return before ? [{ now, before }] : [];
  });
}

const cpuRatios = (now: Measurement, before: Measurement): number[] =>
  now.cpuMsOfRounds.map((ms, index) => ms / before.cpuMsOfRounds[index]!);

/** The processes that spend most come first. */
const byProcess = (now: Measurement, before: Measurement): string =>
  Object.entries(before.cpuMs)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)} → ${(now.cpuMs[name] ?? 0).toFixed(1)}`)
    .join(', ');
