import { setCurrentDetails } from '@temporalio/workflow';
import type { StepEntry } from '../../activities/order-status.ts';
import { type More, Story, type Told } from './order-history.ts';

/** The workflow's story, which the Temporal Web UI shows as it happens. */
export class Journal {
  readonly #title: string;
  readonly #story = new Story();
  readonly #told: string[] = [];

  constructor(title: string) {
    this.#title = title;
  }

  note(step: Told['step'], outcome: Told['outcome'], more: More = {}): void {
    this.#show([this.#story.note(step, outcome, more)]);
  }

  /** Goes on from what somebody else has told and written down. */
  adopt(entries: readonly StepEntry[]): void {
    this.#story.adopt(entries);
    this.#show(entries);
  }

  /** Hands over what has not been written down; whoever takes it writes it. */
  take(): StepEntry[] {
    return this.#story.take();
  }

  #show(entries: readonly StepEntry[]): void {
    this.#told.push(...entries.map(row));
    setCurrentDetails(
      [
        `### ${this.#title}`,
        '',
        '| at | step | outcome | attempt | detail |',
        '|---|---|---|---|---|',
        ...this.#told,
      ].join('\n'),
    );
  }
}

const row = ({ at, step, outcome, attempt, detail }: StepEntry) =>
  `| ${at} | ${step} | ${outcome} | ${attempt ?? ''} | ${(detail ?? '').replaceAll('|', '\\|')} |`;
