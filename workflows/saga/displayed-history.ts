import type { HistoryEntry } from '../../activities/order-status.ts';
import { CurrentDetails } from '../display/current-details.ts';
import { historyLine } from '../display/history-line.ts';
import { type EntryDetails, type EntryOutcome, type EntryStep, OrderHistory } from './order-history.ts';

/** An order history that the Temporal Web UI shows, as the workflow's current details. */
export class DisplayedHistory {
  readonly #history: OrderHistory;
  readonly #details: CurrentDetails;

  /** `title` is Markdown. `counts` continues an earlier history of the same workflow. */
  constructor(title: string, counts?: Readonly<Record<string, number>>) {
    this.#history = new OrderHistory(counts);
    this.#details = new CurrentDetails(title);
  }

  get counts(): Record<string, number> {
    return this.#history.counts;
  }

  /** Says where the workflow stands, in Markdown, until it is said again. */
  now(standing: string): void {
    this.#details.now(standing);
  }

  add(step: EntryStep, outcome: EntryOutcome, details: EntryDetails = {}): void {
    this.#details.add(historyLine(this.#history.add(step, outcome, details)));
  }

  /** Shows entries that the order service has stored. */
  show(entries: readonly HistoryEntry[]): void {
    this.#details.add(...entries.map(historyLine));
  }

  /** Shows something that the order service does not store. */
  note(text: string): void {
    this.#details.note(text);
  }

  get hasUnsaved(): boolean {
    return this.#history.hasUnsaved;
  }

  /** Hands over the entries that are not stored; the caller stores them. */
  takeUnsaved(): HistoryEntry[] {
    return this.#history.takeUnsaved();
  }
}
