import { median } from '../../quantiles.ts';
import { type Wrong, WRONG_KINDS } from './findings.ts';
import type { Trial, WrongOrders } from './trial.ts';

/** A system over all its trials. */
export interface FaultSummary {
  system: string;
  orders: number;
  strikes: number;
  answersLost: number;
  /** Orders that a fault met. */
  met: number;
  /** Orders with that wrong, when everything had had time to end. */
  by: Record<Wrong, number>;
  wrong: number;
  /** Of the stuck ones, how many the system itself names. */
  named: number;
  /** Orders that were to be confirmed and were rejected. */
  refused: number;
  /** Undefined: one remained so. */
  longestUndecidedMs: number | undefined;
  lockWaits: { totalSeconds: number; longestSeconds: number };
  /** The middle one of its trials. */
  untouchedP99Ms: number;
  /** The longest of its trials; undefined: in some, something remained. */
  decidedAfterMs: number | undefined;
  wrongAfterRepair: number;
}

/** The systems in the order of their first trials. */
export const summariesOf = ({ trials }: { trials: readonly Trial[] }): FaultSummary[] =>
  [...Map.groupBy(trials, ({ system }) => system)].map(([system, own]) => summaryOf(system, own));

function summaryOf(system: string, trials: readonly Trial[]): FaultSummary {
  const total = (of: (trial: Trial) => number) => trials.reduce((sum, trial) => sum + of(trial), 0);
  const longest = (of: (trial: Trial) => number) => Math.max(...trials.map(of));
  /** Undefined if it is so in one trial. */
  const longestIfAll = (of: (trial: Trial) => number | undefined) => {
    const times = trials.map(of);
    return times.every((ms) => ms !== undefined) ? Math.max(...times) : undefined;
  };
  return {
    system,
    orders: total(({ orders }) => orders),
    strikes: total(({ hit }) => strikesIn(hit)),
    answersLost: total(({ answersLost }) => answersLost),
    met: total(({ met }) => met),
    by: Object.fromEntries(WRONG_KINDS.map((kind) => [kind, total(({ wrong }) => wrong.by[kind] ?? 0)])) as Record<
      Wrong,
      number
    >,
    wrong: total(({ wrong }) => wrong.orders),
    named: total(({ wrong }) => wrong.named),
    refused: total(({ refused }) => refused),
    longestUndecidedMs: longestIfAll(({ longestUndecidedMs }) => longestUndecidedMs),
    lockWaits: {
      totalSeconds: total(({ lockWaits }) => lockWaits.totalSeconds),
      longestSeconds: longest(({ lockWaits }) => lockWaits.longestSeconds),
    },
    untouchedP99Ms: median(trials.map(({ untouchedP99Ms }) => untouchedP99Ms)),
    decidedAfterMs: longestIfAll(({ decidedAfterMs }) => decidedAfterMs),
    wrongAfterRepair: total((trial) => remaining(trial).orders),
  };
}

/** What is still wrong after the system has done what it can. */
export const remaining = ({ wrong, wrongAfterRepair = wrong }: Trial): WrongOrders => wrongAfterRepair;

export const strikesIn = (hit: Trial['hit']): number => Object.values(hit).reduce((sum, times) => sum + times, 0);
