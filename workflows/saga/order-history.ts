import type { HistoryEntry, HistoryItem } from '../../activities/order-status.ts';

export type EntryStep = HistoryItem['step'];
export type EntryOutcome = HistoryItem['outcome'];
export type EntryDetails = Pick<HistoryItem, 'attempt' | 'detail'>;

// What the order service stores of a detail.
const DETAIL_LENGTH = 1000;

/** The history entries of one workflow as they come: kept here until the next bookkeeping step stores them. */
export class OrderHistory {
  readonly #counts: Map<string, number>;
  #unsaved: HistoryEntry[] = [];

  /** `counts` continues an earlier history of the same workflow. */
  constructor(counts: Readonly<Record<string, number>> = {}) {
    this.#counts = new Map(Object.entries(counts));
  }

  /** How often each step has had each outcome. */
  get counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  add(step: EntryStep, outcome: EntryOutcome, { attempt, detail }: EntryDetails = {}): HistoryEntry {
    const entry: HistoryEntry = {
      sequence: this.#count({ step, outcome }),
      at: new Date().toISOString(),
      step,
      outcome,
      ...(attempt !== undefined && { attempt }),
      ...(detail !== undefined && { detail: detail.slice(0, DETAIL_LENGTH) }),
    };
    this.#unsaved.push(entry);
    return entry;
  }

  get hasUnsaved(): boolean {
    return this.#unsaved.length > 0;
  }

  /** Hands over the entries that are not stored; the caller stores them. */
  takeUnsaved(): HistoryEntry[] {
    const entries = this.#unsaved;
    this.#unsaved = [];
    return entries;
  }

  #count({ step, outcome }: { step: EntryStep; outcome: EntryOutcome }): number {
    const name = `${step} ${outcome}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count;
  }
}
