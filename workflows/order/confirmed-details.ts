import type { HistoryEntry } from '../../activities/order-status.ts';
import { DetailsText } from '../display/details-text.ts';
import { historyLine } from '../display/history-line.ts';
import { momentInWords } from '../display/markdown.ts';
import { type OrderInput, FIRST_QUESTION_MS, orderTitle } from './messages.ts';

/**
 * What the Temporal Web UI shows of an order that the order service confirmed before there was a workflow, in Markdown: the
 * same as the workflow itself would. It stays until the workflow's first task.
 */
export function detailsOfConfirmed(input: OrderInput, entries: readonly HistoryEntry[]): string {
  const details = new DetailsText(orderTitle(input));
  const last = entries.findLastIndex(({ step }) => step === 'confirm');
  const before = entries.slice(0, last + 1);
  const asksAt = new Date(Date.parse(before.at(-1)?.at ?? new Date().toISOString()) + FIRST_QUESTION_MS);
  details.now(
    `**Confirmed**: waits for the carrier to take the parcel. The carrier is asked at ${momentInWords(asksAt)} if it sends no news.`,
  );
  details.add(...before.map(historyLine));
  return details.text;
}
