import { markdown } from '../markdown.ts';
import { conditionsOf } from '../machine.ts';
import { claims } from './claims.ts';
import type { FaultsResult } from './command.ts';
import { FAULTS } from './faults.ts';
import { foundInWords } from './in-words.ts';
import { WRONGS } from './findings.ts';
import { TESTED_SYSTEMS } from './tested-systems.ts';
import { SUMMARY_HEAD, lockWaitsInWords, seconds, secondsOrNever, summaryCells, wrongInWords } from './report.ts';
import { stepsRows } from './step-files.ts';
import { type FaultSummary, remaining, strikesIn, summariesOf } from './summary.ts';
import type { Trial } from './trial.ts';

/** Everything that the run found: the systems over all faults, each fault, and examples with their seed. */
export function faultsTable(result: FaultsResult): string {
  return [
    conditions(result),
    '',
    ...markdown(SUMMARY_HEAD, summariesOf(result).map(summaryCells)),
    '',
    '**What textbooks claim, and what was found**',
    '',
    ...markdown(['Claim', 'Found'], claims(result)),
    '',
    ...FAULTS.flatMap(({ name, description }) => {
      const trials = result.trials.filter(({ fault }) => fault === name);
      return trials.length === 0 ? [] : ['', `**${sentence(description)}** (\`${name}\`)`, '', ...trialTable(trials)];
    }),
    '',
    '**Where an order can be seen, and what names a step**',
    '',
    ...markdown(STEPS_HEAD, stepsRows(LOOK_AT)),
    '',
    ...examples(result.trials),
  ].join('\n');
}

const STEPS_HEAD = [
  'System',
  'files that name the shipment’s step',
  'processes that these run in',
  'where one looks at an order',
];

const LOOK_AT = Object.fromEntries(TESTED_SYSTEMS.map(({ system, underFaults }) => [system.row, underFaults.lookAt]));

/** The ways of the textbook, and this platform’s two fast lanes. */
const SUMMARY_ROWS = ['direct', 'two-phase-commit', 'choreography', 'temporal', 'local-first', 'express'];

/** The front page's six rows. */
export function faultsSummaryTable(result: FaultsResult): string {
  const cells = summariesOf(result)
    .filter(({ system }) => SUMMARY_ROWS.includes(system))
    .toSorted((one, other) => SUMMARY_ROWS.indexOf(one.system) - SUMMARY_ROWS.indexOf(other.system))
    .map((summary) => [
      summary.system,
      `${summary.orders}, ${summary.met}`,
      String(summary.wrong),
      waited(summary),
      secondsOrNever(summary.decidedAfterMs),
    ]);
  const head = [
    'System',
    'orders, of which a fault met',
    'orders wrong at the end',
    'longest wait for a lock',
    'all right after',
  ];
  return markdown(head, cells).join('\n');
}

const waited = ({ lockWaits }: FaultSummary): string => seconds(lockWaits.longestSeconds * 1_000);

/** What the run found about some systems, and their trials, a row each. */
export const trialsTable =
  (...systems: readonly string[]) =>
  ({ trials }: FaultsResult): string => {
    const own = trials.filter(({ system }) => systems.includes(system));
    const table = trialTable(own, {
      head: systems.length > 1 ? 'System, fault' : 'Fault',
      label: ({ system, fault }) => (systems.length > 1 ? `${system}, ${fault}` : fault),
    });
    return [...foundInWords(own), '', ...table].join('\n');
  };

const TRIAL_HEAD = [
  'orders, of which a fault met',
  'strikes, answers lost',
  'wrong',
  'after repair',
  'rejected without need',
  'longest undecided',
  'longest wait for a lock, all together',
  'p99 where no fault met',
  'all right after',
];

const trialTable = (
  trials: readonly Trial[],
  { head, label }: { head: string; label: (trial: Trial) => string } = {
    head: 'System',
    label: ({ system }) => system,
  },
): string[] =>
  markdown(
    [head, ...TRIAL_HEAD],
    trials.map((trial) => [label(trial), ...trialCells(trial)]),
  );

const trialCells = (trial: Trial): string[] => [
  `${trial.orders}, ${trial.met}`,
  `${strikesIn(trial.hit)}, ${trial.answersLost}`,
  wrongInWords(trial.wrong),
  String(remaining(trial).orders),
  String(trial.refused),
  secondsOrNever(trial.longestUndecidedMs),
  lockWaitsInWords(trial.lockWaits),
  Number.isFinite(trial.untouchedP99Ms) ? `${trial.untouchedP99Ms.toFixed(0)} ms` : '',
  secondsOrNever(trial.decidedAfterMs),
];

function examples(trials: readonly Trial[]): string[] {
  const lines = trials.flatMap(({ system, fault, seed, wrong }) =>
    wrong.examples.slice(0, 1).map(({ wrongs, says }) => {
      const said =
        says === undefined
          ? ''
          : `; the system says: \`${says.replaceAll('`', '').replaceAll('\n', ' ').slice(0, 200)}\``;
      return `- ${system}, \`${fault}\`, seed ${seed}: ${wrongs.map((kind) => WRONGS[kind]).join('; ')}${said}.`;
    }),
  );
  return lines.length === 0 ? [] : ['**Examples of wrong orders**', '', ...lines];
}

function conditions({ command, startedAt, machine, trials }: FaultsResult): string {
  const byCommit = Map.groupBy(trials, ({ commit }) => commit);
  // A run of one commit has said so in its first line.
  const commits = byCommit.size > 1 ? [...byCommit].map(([commit, made]) => `${namesOf(made)} at ${commit}`) : [];
  return [
    `Taken by \`${command}\` ${conditionsOf(machine, startedAt)}`,
    ...(commits.length > 0 ? [`Run at several commits: ${commits.join('; ')}.`] : []),
  ].join('\n');
}

/** The systems of these trials; of one that was not run under all faults here, also the faults. */
const namesOf = (trials: readonly Trial[]): string =>
  [...Map.groupBy(trials, ({ system }) => system)]
    .map(([system, made]) =>
      made.length === FAULTS.length ? system : `${system} under ${made.map(({ fault }) => `\`${fault}\``).join(', ')}`,
    )
    .join(', ');

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
