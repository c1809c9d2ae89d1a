import { type FailedRecord, type RecordRun, failureLines } from '../record-run.ts';
import type { Ending } from '../report-file.ts';
import { Tally } from '../../platform/tally.ts';
import type { PlacedOrder } from './order.ts';
import type { CancellationOutcome } from './cancellation.ts';

/** Counts what a replay has done so far. */
export class Summary {
  readonly #orders = new Map<string, PlacedOrder>();
  readonly skipped = new Tally();
  readonly skippedLines = new Tally();
  readonly unmatched = new Tally();
  readonly #applied = new Tally<'canceled' | 'returned'>();
  #invoices = 0;

  countInvoice(): void {
    this.#invoices += 1;
  }

  /** Adds an order, or replaces it with its current state. */
  setOrder(order: PlacedOrder): void {
    this.#orders.set(order.id, order);
  }

  addCancellation(outcome: CancellationOutcome): void {
    if (typeof outcome === 'string') this.#applied.add(outcome);
    else this.unmatched.add(outcome.unmatched);
  }

  /** The report of the run so far. `unreadableLines`: lines of the file with cells that cannot be understood. */
  report({ run, unreadableLines, seconds }: { run: RecordRun; unreadableLines: number; seconds: number }): Report {
    const byStatus = new Tally();
    const byReason = new Tally();
    for (const { status, rejection } of this.#orders.values()) {
      byStatus.add(status);
      if (rejection) byReason.add(rejection.code);
    }
    const { canceled = 0, returned = 0 } = this.#applied.toJSON();
    const failed = new Tally();
    for (const { code } of run.failed) failed.add(code);
    return {
      outcome: run.outcome,
      ...(run.ended && { error: run.ended.message }),
      invoices: this.#invoices,
      placed: this.#orders.size,
      byStatus: byStatus.toJSON(),
      byReason: byReason.toJSON(),
      cancellations: { canceled, returned, unmatched: this.unmatched.toJSON() },
      skipped: this.skipped.toJSON(),
      skippedLines: this.skippedLines.toJSON(),
      unreadableLines,
      failed: failed.toJSON(),
      failures: run.failed,
      seconds: Number(seconds.toFixed(1)),
      ordersPerSecond: Number((this.#orders.size / Math.max(seconds, 0.001)).toFixed(1)),
    };
  }
}

export interface Report extends Ending {
  /** Invoices started, including cancellations. */
  invoices: number;
  /** Orders placed, in any status. */
  placed: number;
  byStatus: Record<string, number>;
  /** Why orders were rejected. */
  byReason: Record<string, number>;
  cancellations: { canceled: number; returned: number; unmatched: Record<string, number> };
  /** Invoices that cannot be orders. */
  skipped: Record<string, number>;
  /** Lines left out of orders. */
  skippedLines: Record<string, number>;
  /** Lines of the file that were left out because they have cells that cannot be understood. */
  unreadableLines: number;
  /** Invoices that failed, by the API's code or the kind of the error. */
  failed: Record<string, number>;
  failures: readonly FailedRecord[];
  seconds: number;
  ordersPerSecond: number;
}

/** The report as text. */
export function reportLines(report: Report): string[] {
  const { canceled, returned, unmatched } = report.cancellations;
  return [
    `${report.invoices} invoices in ${report.seconds} s: ${report.placed} orders, ${report.ordersPerSecond} orders/s`,
    ...line('orders by status', report.byStatus),
    ...line('rejections by reason', report.byReason),
    `cancellations: ${canceled} canceled, ${returned} returned, ${sum(unmatched)} unmatched`,
    ...line('unmatched by reason', unmatched),
    ...line('skipped invoices', report.skipped),
    ...line('skipped lines', report.skippedLines),
    ...failureLines(report.failures),
  ];
}

const line = (title: string, counts: Record<string, number>): string[] => {
  const items = Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([key, count]) => `${key} ${count}`);
  return items.length > 0 ? [`${title}: ${items.join(', ')}`] : [];
};

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
