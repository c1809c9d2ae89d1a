import type { FaultsResult } from './command.ts';
import { WRONG_KINDS } from './findings.ts';
import { type FaultSummary, strikesIn, summariesOf } from './summary.ts';
import type { Trial, WrongOrders } from './trial.ts';

/** The report for the terminal: the systems, then examples of what is wrong. */
export function faultsReport(result: FaultsResult): string {
  const rows = [SUMMARY_HEAD, ...summariesOf(result).map(summaryCells)];
  const examples = result.trials.flatMap(exampleLines);
  return [
    '',
    ...rows.map((cells) => cells.join('  |  ')),
    ...(examples.length > 0 ? ['', 'Examples'] : []),
    ...examples,
    '',
  ].join('\n');
}

export const SUMMARY_HEAD = [
  'System',
  'orders, of which a fault met',
  'strikes, answers lost',
  'told as confirmed, and lost',
  'told as rejected, and confirmed',
  'charged, reserved or booked twice',
  'left behind',
  'unequal books',
  'stuck, of which named by the system',
  'rejected without need',
  'longest undecided',
  'longest wait for a lock, all together',
  'p99 where no fault met',
  'all right after',
  'wrong after repair',
];

export function summaryCells(summary: FaultSummary): string[] {
  const { by, lockWaits } = summary;
  return [
    summary.system,
    `${summary.orders}, ${summary.met}`,
    `${summary.strikes}, ${summary.answersLost}`,
    String(by.lost),
    String(by.untrue + by.accepted),
    String(by.doubled),
    String(by['left-behind']),
    String(by.unequal),
    by.stuck === 0 ? '0' : `${by.stuck}, ${summary.named}`,
    String(summary.refused),
    secondsOrNever(summary.longestUndecidedMs),
    lockWaitsInWords(lockWaits),
    `${summary.untouchedP99Ms.toFixed(0)} ms`,
    secondsOrNever(summary.decidedAfterMs),
    String(summary.wrongAfterRepair),
  ];
}

/** What came out of one trial, in one line. */
export function trialLine({ hit, answersLost, ...trial }: Trial): string {
  return [
    `${trial.orders} orders, ${strikesIn(hit)} strikes, ${answersLost} answers lost, ${trial.met} orders met by one`,
    wrongInWords(trial.wrong),
    ...(trial.wrongAfterRepair ? [`after repair: ${wrongInWords(trial.wrongAfterRepair)}`] : []),
    `${trial.refused} rejected without need`,
    `${trial.told.nothing} customers were told nothing`,
    `longest undecided ${secondsOrNever(trial.longestUndecidedMs)}`,
    `waits for locks ${lockWaitsInWords(trial.lockWaits)}`,
    ...(Number.isFinite(trial.untouchedP99Ms) ? [`p99 where no fault met ${trial.untouchedP99Ms.toFixed(0)} ms`] : []),
    `all right after ${secondsOrNever(trial.decidedAfterMs)}`,
  ].join('; ');
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
export const secondsOrNever = (ms: number | undefined): string => (ms === undefined ? 'never' : seconds(ms));

/** The longest wait, and all of them together. */
export const lockWaitsInWords = ({ longestSeconds, totalSeconds }: Trial['lockWaits']): string =>
  `${longestSeconds.toFixed(1)} s, ${totalSeconds.toFixed(1)} s`;

/** How many orders are wrong, with what, and how many of the stuck ones the system names. */
export function wrongInWords({ orders, by, named }: WrongOrders): string {
  if (orders === 0) return 'nothing wrong';
  const kinds = WRONG_KINDS.filter((kind) => by[kind]).map((kind) => `${by[kind]} ${kind}`);
  return `${orders} wrong (${kinds.join(', ')}${by.stuck ? `, ${named} named by the system` : ''})`;
}

const exampleLines = ({ system, fault, seed, wrong }: Trial): string[] =>
  wrong.examples.map(
    ({ orderId, wrongs, says }) =>
      `  ${system}, ${fault}, seed ${seed}: ${orderId} ${wrongs.join(', ')}${says === undefined ? '' : ` (${says})`}`,
  );
