import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { COMPARISON_HEAD, comparisonGoals, comparisonRows } from './compare.ts';
import { type Goal, clientsInWords, goalsOf, isReached } from './goals.ts';
import { faultsSummaryTable, faultsTable, trialsTable } from './faults/table.ts';
import { conditionsOf } from './machine.ts';
import { markdown } from './markdown.ts';
import { ranged, times } from './ratios.ts';
import {
  FASTEST_PEER,
  type Measurement,
  IDIOMATIC,
  type Result,
  cpuPerOrder,
  find,
  isFlash,
  rateRatios,
} from './result.ts';
import { sectionsOf } from './sections.ts';
import { SETTINGS_HEAD, settingsRows } from './server-settings.ts';

const root = path.join(import.meta.dirname, '../..');

/** A page, the place in it, and the kept run that the place is made from. */
interface Place {
  page: string;
  name: string;
  result: string;
  /** Of the kept run, which is of the type that the command writes. */
  render: (result: never) => string;
}

const FAULTS = 'bench/results/faults.json';
const CONSISTENCY = 'docs/consistency.md';

export const PLACES: readonly Place[] = [
  { page: 'README.md', name: 'bench-summary', result: 'bench/results/latest.json', render: summaryTable },
  { page: 'bench/README.md', name: 'bench', result: 'bench/results/latest.json', render: benchTable },
  { page: 'bench/README.md', name: 'bench-compare', result: 'bench/results/compare.json', render: comparisonTable },
  {
    page: 'bench/README.md',
    name: 'bench-compare-lanes',
    result: 'bench/results/compare-lanes.json',
    render: comparisonTable,
  },
  {
    page: 'docs/operations.md',
    name: 'server-settings',
    result: 'bench/results/server-settings.json',
    render: settingsTable,
  },
  { page: 'README.md', name: 'faults-summary', result: FAULTS, render: faultsSummaryTable },
  { page: 'bench/README.md', name: 'faults', result: FAULTS, render: faultsTable },
  { page: CONSISTENCY, name: 'faults-direct', result: FAULTS, render: trialsTable('direct') },
  { page: CONSISTENCY, name: 'faults-two-phase-commit', result: FAULTS, render: trialsTable('two-phase-commit') },
  { page: CONSISTENCY, name: 'faults-choreography', result: FAULTS, render: trialsTable('choreography') },
  { page: CONSISTENCY, name: 'faults-engines', result: FAULTS, render: trialsTable('temporal', 'restate', 'dbos') },
  { page: CONSISTENCY, name: 'faults-lanes', result: FAULTS, render: trialsTable('local-first', 'express') },
];

/** The page with its place filled from the kept run; where none is kept, the place is empty. */
export function filled({ page, name, result, render }: Place): string {
  const text = readFileSync(path.join(root, page), 'utf8');
  const [begin, end] = [`<!-- ${name}: made by npm run bench:table -->`, `<!-- ${name} ends -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for ${name}`);
  const file = path.join(root, result);
  const made = existsSync(file) ? asMade(render(JSON.parse(readFileSync(file, 'utf8')) as never)) : '';
  return `${text.slice(0, from)}${begin}\n${made}${text.slice(to)}`;
}

/** Formatters are to leave it as it is made. */
const asMade = (text: string) => `<!-- prettier-ignore-start -->\n\n${text}\n\n<!-- prettier-ignore-end -->\n`;

/** Everything that was measured: ratios first, absolutes second, goals and set-ups below. */
export function benchTable(result: Result): string {
  const loads = [...new Set(result.measurements.map(({ clients }) => clients))];
  return [
    conditions(result),
    ...loads.flatMap((clients) => ['', `**${clientsInWords(clients)}**`, '', ...rows(result, clients)]),
    '',
    ...sectionsOf(result).flatMap(({ title, head, rows: cells }) => [`**${title}**`, '', ...markdown(head, cells), '']),
    '**Goals and gaps**',
    '',
    ...goalsOf(result).map(goalLine),
    '',
    '**Set-ups**',
    '',
    ...Object.entries(result.setUps).map(([row, setUp]) => `- **${row}**: ${setUp}.`),
  ].join('\n');
}

// Two peers without Temporal, Temporal as its samples use it, and this platform's lanes, under moderate load.
const SUMMARY_ROWS = ['restate', 'dbos', IDIOMATIC, 'durable', 'local-first', 'express'];
const SUMMARY_CLIENTS = 16;

/** The front page's few rows. */
export function summaryTable(result: Result): string {
  const temporal = find(result, IDIOMATIC, SUMMARY_CLIENTS);
  const cells = SUMMARY_ROWS.flatMap((row) => {
    const measurement = find(result, row, SUMMARY_CLIENTS);
    if (!measurement) return [];
    const { ordersPerSecond, p50Ms } = measurement;
    const cpu = cpuPerOrder(measurement).toFixed(0);
    return [[row, rateCell(measurement, temporal), ordersPerSecond.toFixed(1), `${p50Ms.toFixed(0)} ms`, `${cpu} ms`]];
  });
  return markdown(
    [`${SUMMARY_CLIENTS} clients`, `orders/s to ${IDIOMATIC}`, 'orders/s', 'p50', 'CPU an order'],
    cells,
  ).join('\n');
}

const conditions = ({ machine, rounds, seconds, command, startedAt }: Result): string =>
  `Taken by \`${command}\`: ${rounds} rounds of ${seconds} s, ${conditionsOf(machine, startedAt)}`;

const HEAD = [
  'System',
  `orders/s to ${IDIOMATIC}`,
  `orders/s to ${FASTEST_PEER}`,
  `p50 to ${IDIOMATIC}`,
  `CPU an order to ${IDIOMATIC}`,
  'orders/s',
  'p50 / p95 / p99 ms',
  'CPU ms an order',
  'history events',
];

function rows(result: Result, clients: number): string[] {
  const temporal = find(result, IDIOMATIC, clients);
  const restate = find(result, FASTEST_PEER, clients);
  return markdown(
    HEAD,
    result.measurements
      .filter((measurement) => measurement.clients === clients && !isFlash(measurement))
      .map((measurement) => [
        measurement.row,
        rateCell(measurement, temporal),
        rateCell(measurement, restate),
        temporal ? times(measurement.p50Ms / temporal.p50Ms) : '',
        temporal ? times(cpuPerOrder(measurement) / cpuPerOrder(temporal)) : '',
        measurement.ordersPerSecond.toFixed(1),
        [measurement.p50Ms, measurement.p95Ms, measurement.p99Ms].map((ms) => ms.toFixed(0)).join(' / '),
        cpuPerOrder(measurement).toFixed(1),
        measurement.historyEvents === undefined ? '' : String(measurement.historyEvents),
      ]),
  );
}

const rateCell = (measurement: Measurement, base: Measurement | undefined): string =>
  base ? (base === measurement ? '1' : ranged(rateRatios(measurement, base))) : '';

const goalLine = (goal: Goal): string =>
  `- ${isReached(goal) ? 'Reached' : '**Missed**'}: ${goal.row} has ${times(goal.found)} the ${goal.what}; the goal is ${goal.side} ${times(goal.bound)}.`;

/** The same rows at two commits. */
export function comparisonTable(result: Result): string {
  return [
    conditions(result),
    '',
    ...markdown(COMPARISON_HEAD, comparisonRows(result)),
    '',
    ...comparisonGoals(result).map(goalLine),
  ].join('\n');
}

function settingsTable(result: Result): string {
  return [conditions(result), '', ...markdown(SETTINGS_HEAD, settingsRows(result))].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  for (const place of PLACES) writeFileSync(path.join(root, place.page), filled(place));
}
