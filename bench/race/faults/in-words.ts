import { seconds } from './report.ts';
import { type FaultSummary, summariesOf } from './summary.ts';
import type { Trial } from './trial.ts';

/** What was found about each system of these trials, a list item each, in Markdown. */
export const foundInWords = (trials: readonly Trial[]): string[] =>
  summariesOf({ trials }).map((summary) => `- ${sentences(summary, trials)}`);

function sentences(summary: FaultSummary, trials: readonly Trial[]): string {
  const { system, orders, wrong, met, named, refused, lockWaits } = summary;
  return [
    `\`${system}\`: ${wrong === 0 ? 'no order' : wrong} of ${orders}, of which a fault met ${met}, ${wrong < 2 ? 'was' : 'were'} wrong at the end${wrong === 0 ? '' : `; the system named ${named === 0 ? 'none' : named} of them`}.`,
    ...(refused > 0 ? [`${refused} were rejected without need.`] : []),
    ...(lockWaits.longestSeconds > 0
      ? [`Other orders waited up to ${seconds(lockWaits.longestSeconds * 1_000)} for a lock.`]
      : []),
    undecided(trials.filter((trial) => trial.system === system)),
  ].join(' ');
}

function undecided(trials: readonly Trial[]): string {
  const never = trials.filter(({ longestUndecidedMs }) => longestUndecidedMs === undefined);
  if (never.length > 0) return `Some stayed undecided: under ${never.map(({ fault }) => `\`${fault}\``).join(', ')}.`;
  const longest = trials.toSorted((one, other) => other.longestUndecidedMs! - one.longestUndecidedMs!)[0]!;
  return `The longest was undecided for ${seconds(longest.longestUndecidedMs!)}, under \`${longest.fault}\`.`;
}
