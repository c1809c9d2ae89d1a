import { ranged, times } from './ratios.ts';
import { type Measurement, type Result, cpuPerOrder, find, rateRatios } from './result.ts';
import type { System } from './systems/system.ts';
import { temporalSystem } from './systems/temporal.ts';
import { DEFAULTS, type ServerSettings } from './temporal/settings.ts';

const POLLS = { 'history.transferProcessorMaxPollRPS': 2000 };
const PARTITIONS = { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 };

/** Each step differs from the one before in one setting. */
const STEPS: readonly [row: string, settings: ServerSettings][] = [
  ['as it comes', DEFAULTS],
  ['transferProcessorMaxPollRPS 2000', { ...DEFAULTS, dynamic: POLLS }],
  ['one partition a queue', { ...DEFAULTS, dynamic: { ...POLLS, ...PARTITIONS } }],
  ['plugin postgres12_pgx', { plugin: 'postgres12_pgx', dynamic: { ...POLLS, ...PARTITIONS } }],
];

/** The saga as in Temporal's samples, on a server with one more setting each time. */
export const settingsSystems = (): System[] => STEPS.map(([row, settings]) => temporalSystem(row, settings));

/** The effect of each setting, relative to the step before it. */
export function settingsReport(result: Result): string {
  return [SETTINGS_HEAD, ...settingsRows(result)].map((cells) => cells.join('  |  ')).join('\n');
}

// Each value is followed by its ratio to the line above.
export const SETTINGS_HEAD = ['One setting more on each line', 'clients', 'p50', 'orders/s', 'CPU an order'];

export function settingsRows(result: Result): string[][] {
  const loads = [...new Set(result.measurements.map(({ clients }) => clients))];
  return loads.flatMap((clients) =>
    STEPS.flatMap(([row], index) => {
      const now = find(result, row, clients);
      const before = find(result, STEPS[index - 1]?.[0] ?? '', clients);
      return now ? [[row, String(clients), ...compared(now, before)]] : [];
    }),
  );
}

/** Each value, with its ratio to the step before, if there is one. */
function compared(now: Measurement, before: Measurement | undefined): string[] {
  const ratio = (of: (measurement: Measurement) => number) => (before ? `, ${times(of(now) / of(before))}` : '');
  return [
    `${now.p50Ms.toFixed(1)} ms${ratio(({ p50Ms }) => p50Ms)}`,
    `${now.ordersPerSecond.toFixed(1)}${before ? `, ${ranged(rateRatios(now, before))}` : ''}`,
    `${cpuPerOrder(now).toFixed(1)} ms${ratio(cpuPerOrder)}`,
  ];
}
