import type { HistoryEntry } from '../../activities/order-status.ts';
import type { Happened } from './details-text.ts';

/** An order history entry as details show it. */
export const historyLine = ({ at, step, outcome, attempt, detail }: HistoryEntry): Happened => ({
  at,
  text: `${step} ${outcome}${attempt === undefined ? '' : `, attempt ${attempt}`}${detail ? `: ${detail}` : ''}`,
});
