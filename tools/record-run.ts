import { Unreachable } from './api/client.ts';
import { BadCredentials } from './api/session.ts';
import { RequestRefused } from './api/typed-client.ts';
import { type ExitCode, ToolError } from './command-line.ts';
import { forEach } from './for-each.ts';
import type { Outcome } from './report-file.ts';
import { Tally } from '../platform/tally.ts';

/** A record of the file that could not be carried out. */
export interface FailedRecord {
  /** Such as `invoice 536365`. */
  record: string;
  /** The API's code, `unreachable`, `BadCredentials`, or the kind of an unexpected error. */
  code: string;
  detail: string;
}

export interface RecordRunOptions {
  concurrency: number;
  /** Aborted when the operator stops the run. */
  stop: AbortSignal;
  /** Whether the platform still answers. */
  isReachable: () => Promise<boolean>;
}

// So many customers in a row who cannot sign in were not imported; fewer may be the fault of their records.
const WRONG_PASSWORDS = 10;

/**
 * Carries out a file's records. A failure of one record is noted, and the others are carried out all the same. The run
 * ends early when the operator stops it, and for a reason that every further record would meet too.
 */
export class RecordRun {
  readonly failed: FailedRecord[] = [];
  /** Why the run ended early, unless the operator stopped it. */
  ended: ToolError | undefined;
  readonly #options: RecordRunOptions;
  /** Since the last success, by customer. */
  readonly #wrongPasswords = new Set<string>();

  constructor(options: RecordRunOptions) {
    this.#options = options;
  }

  /** True when no further record is to be started. */
  get isOver(): boolean {
    return this.#options.stop.aborted || this.ended !== undefined;
  }

  get outcome(): Outcome {
    if (this.ended) return 'failed';
    return this.#options.stop.aborted ? 'interrupted' : 'completed';
  }

  /** `hasProblems`: the tool found some other than failed records. */
  exitCode({ hasProblems }: { hasProblems: boolean }): ExitCode {
    if (this.outcome === 'failed') return 2;
    if (this.outcome === 'interrupted') return 130;
    return this.failed.length > 0 || hasProblems ? 1 : 0;
  }

  async forEach<Item>(
    items: Iterable<Item>,
    nameOf: (item: Item) => string,
    work: (item: Item) => Promise<void>,
  ): Promise<void> {
    await forEach(items, this.#options.concurrency, async (item) => {
      if (this.isOver) return;
      try {
        await work(item);
        this.#wrongPasswords.clear();
      } catch (error) {
        await this.#note(nameOf(item), error);
      }
    });
  }

  async #note(record: string, error: unknown): Promise<void> {
    const failure = { record, ...failureOf(error) };
    this.failed.push(failure);
    const isGone = error instanceof Unreachable && !(await this.#options.isReachable());
    const isOperators = error instanceof ToolError && !(error instanceof Unreachable);
    if (isGone || isOperators) this.ended ??= error;
    if (!(error instanceof BadCredentials)) return;
    this.#wrongPasswords.add(error.message);
    if (this.#wrongPasswords.size >= WRONG_PASSWORDS) this.ended ??= new ToolError(failure.detail, { cause: error });
  }
}

function failureOf(error: unknown): Omit<FailedRecord, 'record'> {
  if (error instanceof RequestRefused) return { code: error.code, detail: error.detail };
  if (error instanceof Unreachable) return { code: 'unreachable', detail: error.message };
  if (error instanceof BadCredentials) {
    const advice = 'first run `npm run import` with this file and this DATA_DIR';
    return { code: 'BadCredentials', detail: `${error.message}: ${advice}` };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { code: name, detail: message };
}

const SHOWN = 10;

/** The failures as text: how many by code, then the first of them. */
export function failureLines(failed: readonly FailedRecord[]): string[] {
  if (failed.length === 0) return [];
  const codes = new Tally();
  for (const { code } of failed) codes.add(code);
  return [
    `failed: ${codes.asText()}`,
    ...failed.slice(0, SHOWN).map(({ record, code, detail }) => `  ${record}: ${code}${detail && ` (${detail})`}`),
    ...(failed.length > SHOWN ? [`  and ${failed.length - SHOWN} more`] : []),
  ];
}
