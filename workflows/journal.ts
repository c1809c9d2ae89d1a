import { setCurrentDetails } from '@temporalio/workflow';
import type { HistoryItem, StepEntry } from '../activities/order-status.ts';

type Told = Pick<HistoryItem, 'step' | 'outcome' | 'attempt' | 'detail'>;

/** The story of one workflow as it happens: kept here until the next bookkeeping step writes it down. */
export class Journal {
  readonly #title: string;
  #sequence = 0;
  #unwritten: StepEntry[] = [];
  #told: string[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  note(step: Told['step'], outcome: Told['outcome'], more: { attempt?: number; detail?: string } = {}): void {
    const { attempt, detail } = more;
    const at = new Date().toISOString();
    this.#unwritten.push({
      sequence: ++this.#sequence,
      at,
      step,
      outcome,
      ...(attempt !== undefined && { attempt }),
      ...(detail !== undefined && { detail: detail.slice(0, 1000) }),
    });
    this.#told.push(`| ${at} | ${step} | ${outcome} | ${attempt ?? ''} | ${(detail ?? '').replaceAll('|', '\\|')} |`);
    setCurrentDetails(this.#markdown());
  }

  /** Hands over what has not been written down; whoever takes it writes it. */
  take(): StepEntry[] {
    const entries = this.#unwritten;
    this.#unwritten = [];
    return entries;
  }

  /** What the Temporal Web UI shows as the workflow's current details. */
  #markdown(): string {
    return [
      `### ${this.#title}`,
      '',
      '| at | step | outcome | attempt | detail |',
      '|---|---|---|---|---|',
      ...this.#told,
    ].join('\n');
  }
}
