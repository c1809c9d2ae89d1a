import type { FaultsResult } from './command.ts';
import { seconds, secondsOrNever } from './report.ts';
import { stepFiles } from './step-files.ts';
import { type FaultSummary, summariesOf } from './summary.ts';
import type { Trial } from './trial.ts';

/** What textbooks say of the ways, each with what the run found. Claims about systems that did not run are left out. */
export function claims(result: FaultsResult): string[][] {
  const all = new Map(summariesOf(result).map((summary) => [summary.system, summary]));
  const trialOf = (system: string, fault: string) =>
    result.trials.find((trial) => trial.system === system && trial.fault === fault);
  return CLAIMS.flatMap(({ says, of, found }) => {
    const summaries = of.map((system) => all.get(system));
    if (!summaries.every((summary) => summary !== undefined)) return [];
    return [
      [says, found({ summaries, others: [...all.values()].filter(({ system }) => !of.includes(system)), trialOf })],
    ];
  });
}

interface Found {
  /** Of the systems that the claim is about, in their order. */
  summaries: FaultSummary[];
  others: FaultSummary[];
  trialOf: (system: string, fault: string) => Trial | undefined;
}

interface Claim {
  says: string;
  /** The systems that it is about. */
  of: readonly string[];
  found: (found: Found) => string;
}

const ORCHESTRATED = ['temporal', 'local-first', 'express', 'restate', 'dbos'];

const CLAIMS: readonly Claim[] = [
  {
    says: 'Calls in turn, with nothing that resumes them, lose orders and money',
    of: ['direct'],
    found: ({ summaries: [direct] }) =>
      `${direct!.wrong} of ${direct!.orders} orders were wrong at the end: ${direct!.by.stuck} undecided, ${direct!.by['left-behind']} with money, goods or a parcel left behind; the system named ${direct!.named}`,
  },
  {
    says: 'Two-phase commit is atomic',
    of: ['two-phase-commit'],
    found: ({ summaries: [atomic] }) =>
      `${atomic!.wrong} of ${atomic!.orders} orders were wrong at the end; but processor and carrier cannot vote, and are undone by compensation`,
  },
  {
    says: 'It blocks: an undecided transaction keeps its locks',
    of: ['two-phase-commit'],
    found: ({ summaries: [atomic], others }) =>
      `other orders waited up to ${longest(atomic!)} for a lock (after 4 s a statement fails), ${seconds(atomic!.lockWaits.totalSeconds * 1_000)} in all; at the other systems up to ${seconds(Math.max(...others.map(longestMs)))}`,
  },
  {
    says: 'It hangs on its coordinator',
    of: ['two-phase-commit'],
    found: ({ trialOf }) => {
      const killed = trialOf('two-phase-commit', 'decider-killed');
      return killed
        ? `while it was away for 2 s, other orders waited up to ${seconds(killed.lockWaits.longestSeconds * 1_000)} for a lock; ${killed.refused} of ${killed.orders} orders were rejected without need`
        : 'not run';
    },
  },
  {
    says: 'It is available only while all participants are',
    of: ['two-phase-commit', 'choreography', 'temporal'],
    found: ({ trialOf }) =>
      ['two-phase-commit', 'choreography', 'temporal']
        .flatMap((system) => {
          const trial = trialOf(system, 'service-killed');
          return trial
            ? [
                `${system} rejected ${trial.refused} of ${trial.orders} orders without need, and the longest was undecided for ${secondsOrNever(trial.longestUndecidedMs)}`,
              ]
            : [];
        })
        .join('; '),
  },
  {
    says: 'Choreography loses nothing',
    of: ['choreography'],
    found: ({ summaries: [events] }) =>
      `${events!.wrong} of ${events!.orders} orders were wrong at the end, ${events!.refused} rejected without need; the longest was undecided for ${secondsOrNever(events!.longestUndecidedMs)}`,
  },
  {
    says: 'It is hard to see and to change',
    of: ['choreography', 'temporal', 'local-first'],
    found: () =>
      ['choreography', 'temporal', 'local-first']
        .map((system) => {
          const { files, processes } = stepFiles().find((one) => one.system === system)!;
          return `${system}: ${files.length} files in ${processes.length} ${processes.length === 1 ? 'process' : 'processes'} name the shipment’s step`;
        })
        .join('; '),
  },
  {
    says: 'Orchestration ends what it began',
    of: ORCHESTRATED,
    found: ({ summaries }) =>
      summaries.map(({ system, wrong, orders }) => `${system}: ${wrong} of ${orders} wrong`).join('; '),
  },
  {
    says: 'It depends on what decides: worker, engine or coordinator (killed, and back after 2 s): how long an order was undecided',
    of: ORCHESTRATED,
    found: ({ summaries, trialOf }) =>
      summaries
        .flatMap(({ system }) => {
          const trial = trialOf(system, 'decider-killed');
          return trial ? [`${system}: up to ${secondsOrNever(trial.longestUndecidedMs)}`] : [];
        })
        .join('; '),
  },
];

const longestMs = ({ lockWaits }: FaultSummary): number => lockWaits.longestSeconds * 1_000;
const longest = (summary: FaultSummary): string => seconds(longestMs(summary));
