import type { HistoryItem, StepEntry } from '../../activities/order-status.ts';

/** What a piece of a story says beside when. */
export type Told = Pick<HistoryItem, 'step' | 'outcome' | 'attempt' | 'detail'>;
export type More = Pick<Told, 'attempt' | 'detail'>;

/** The story of one workflow as it happens: kept here until the next bookkeeping step writes it down. */
export class Story {
  readonly #times = new Map<string, number>();
  #unwritten: StepEntry[] = [];

  note(step: Told['step'], outcome: Told['outcome'], { attempt, detail }: More = {}): StepEntry {
    const entry: StepEntry = {
      sequence: this.#count({ step, outcome }),
      at: new Date().toISOString(),
      step,
      outcome,
      ...(attempt !== undefined && { attempt }),
      ...(detail !== undefined && { detail: detail.slice(0, 1000) }),
    };
    this.#unwritten.push(entry);
    return entry;
  }

  /** Goes on from what somebody else has told and written down. */
  adopt(entries: readonly StepEntry[]): void {
    for (const entry of entries) this.#count(entry);
  }

  /** Hands over what has not been written down; whoever takes it writes it. */
  take(): StepEntry[] {
    const entries = this.#unwritten;
    this.#unwritten = [];
    return entries;
  }

  #count({ step, outcome }: Pick<Told, 'step' | 'outcome'>): number {
    const name = `${step} ${outcome}`;
    const times = (this.#times.get(name) ?? 0) + 1;
    this.#times.set(name, times);
    return times;
  }
}
