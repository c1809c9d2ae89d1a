import { setCurrentDetails } from '@temporalio/workflow';
import type { HistoryEntry } from '../../activities/order-status.ts';
import { type EntryDetails, type EntryOutcome, type EntryStep, OrderHistory } from './order-history.ts';

/** An order history that the Temporal Web UI shows, as the workflow's current details. */
export class DisplayedHistory {
  readonly #title: string;
  readonly #history = new OrderHistory();
  readonly #rows: string[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  add(step: EntryStep, outcome: EntryOutcome, details: EntryDetails = {}): void {
    this.#show([this.#history.add(step, outcome, details)]);
  }

  /** Continues after entries that somebody else has made and stored. */
  adopt(entries: readonly HistoryEntry[]): void {
    this.#history.adopt(entries);
    this.#show(entries);
  }

  /** Hands over the entries that are not stored; the caller stores them. */
  takeUnsaved(): HistoryEntry[] {
    return this.#history.takeUnsaved();
  }

  #show(entries: readonly HistoryEntry[]): void {
    this.#rows.push(...entries.map(rowOf));
    setCurrentDetails(
      [
        `### ${this.#title}`,
        '',
        '| at | step | outcome | attempt | detail |',
        '|---|---|---|---|---|',
        ...this.#rows,
      ].join('\n'),
    );
  }
}

const rowOf = ({ at, step, outcome, attempt, detail }: HistoryEntry) =>
  `| ${at} | ${step} | ${outcome} | ${attempt ?? ''} | ${(detail ?? '').replaceAll('|', '\\|')} |`;
