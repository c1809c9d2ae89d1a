import { goalsOf, isReached } from './goals.ts';
import { ranged, times } from './ratios.ts';
import { sectionsOf } from './sections.ts';
import { FASTEST_PEER, type Measurement, IDIOMATIC, type Result, cpuPerOrder, find, rateRatios } from './result.ts';

/** The report for the terminal: ratios first, absolute values second. */
export function reportOf(result: Result): string {
  return [
    `Ratios to ${IDIOMATIC} within each round: median (lowest to highest)`,
    ...ratioLines(result, IDIOMATIC),
    '',
    `Ratios to ${FASTEST_PEER}`,
    ...ratioLines(result, FASTEST_PEER),
    '',
    ...goalLines(result),
    'Absolute values',
    ...absoluteLines(result),
    '',
    'CPU per order, in milliseconds by process',
    ...result.measurements.map((measurement) => `  ${label(measurement)}  ${byProcess(measurement)}`),
    '',
    ...sectionsOf(result).flatMap(({ title, head, rows }) => [title, ...[head, ...rows].map(lineOf), '']),
  ].join('\n');
}

function ratioLines(result: Result, base: string): string[] {
  return result.measurements
    .filter(({ row }) => row !== base)
    .flatMap((measurement) => {
      const other = find(result, base, measurement.clients);
      if (!other) return [];
      const cells = [
        `orders/s ${ranged(rateRatios(measurement, other)).padEnd(22)}`,
        `p50 ${times(measurement.p50Ms / other.p50Ms)}`,
        `CPU per order ${times(cpuPerOrder(measurement) / cpuPerOrder(other))}`,
      ];
      return [`  ${label(measurement)}  ${cells.join('  ')}`];
    });
}

function absoluteLines(result: Result): string[] {
  return result.measurements.map((measurement) => {
    const { ordersPerSecond, p50Ms, p95Ms, p99Ms, historyEvents } = measurement;
    const cells = [
      `${ordersPerSecond.toFixed(1).padStart(7)} orders/s`,
      `p50 ${ms(p50Ms)}  p95 ${ms(p95Ms)}  p99 ${ms(p99Ms)} ms`,
      `CPU ${cpuPerOrder(measurement).toFixed(1).padStart(6)} ms per order`,
      ...(historyEvents === undefined ? [] : [`${historyEvents} history events`]),
    ];
    return `  ${label(measurement)}  ${cells.join('  ')}`;
  });
}

const lineOf = (cells: readonly string[]): string => `  ${cells.join('  |  ')}`;
const label = ({ row, clients }: Measurement): string => `${row.padEnd(28)}${String(clients).padStart(3)} clients`;
const ms = (value: number): string => value.toFixed(1).padStart(7);

const byProcess = ({ cpuMs }: Measurement): string =>
  Object.entries(cpuMs)
    .filter(([, spent]) => spent >= 0.05)
    .toSorted(([, one], [, other]) => other - one)
    .map(([name, spent]) => `${name} ${spent.toFixed(1)}`)
    .join('  ');

function goalLines(result: Result): string[] {
  const goals = goalsOf(result);
  if (goals.length === 0) return [];
  const lines = goals.map((goal) => {
    const outcome = isReached(goal) ? 'reached' : 'missed';
    return `  ${outcome.padEnd(8)} ${goal.row}: ${times(goal.found)} the ${goal.what} (${goal.side} ${times(goal.bound)})`;
  });
  return ['Goals', ...lines, ''];
}
