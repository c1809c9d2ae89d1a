import { writeFileSync } from 'node:fs';
import { ToolError, inCallersFolder } from './command-line.ts';

/** How a run ended. `interrupted`: by a signal. `failed`: before it could do all of its work. */
export type Outcome = 'completed' | 'interrupted' | 'failed';

/** What every report says. */
export interface Ending {
  outcome: Outcome;
  /** Why the run failed. */
  error?: string;
}

/**
 * The file of `--json`. From the start it contains a report that says that the run failed, so that a run that was killed
 * leaves neither an empty file nor the report of an earlier run.
 */
export class ReportFile {
  readonly #file: string | undefined;

  /** Without a name nothing is written. A file that cannot be written is a `ToolError`, before the run starts. */
  constructor(name: string | undefined) {
    this.#file = name === undefined ? undefined : inCallersFolder(name);
    this.write({ outcome: 'failed', error: 'the run ended before it wrote its report' });
  }

  write<Report extends Ending>(report: Report): void {
    if (this.#file === undefined) return;
    try {
      writeFileSync(this.#file, `${JSON.stringify(report, null, 2)}\n`);
    } catch (cause) {
      throw new ToolError(`${this.#file} cannot be written (${(cause as NodeJS.ErrnoException).code})`, { cause });
    }
  }

  /** Runs `work`. An error of it also becomes the report. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      this.write({ outcome: 'failed', error: (error as Error).message });
      throw error;
    }
  }
}
