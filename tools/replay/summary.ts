import { Tally } from '../tally.ts';
import type { PlacedOrder } from './order.ts';
import type { CancellationOutcome } from './cancellation.ts';

/** Counts what a replay has done so far. */
export class Summary {
  readonly #orders = new Map<string, PlacedOrder>();
  /** Invoices that failed: by the API's code, or `unreachable`. */
  readonly failed = new Tally();
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

  report(seconds: number): Report {
    const byStatus = new Tally();
    const byReason = new Tally();
    for (const { status, rejection } of this.#orders.values()) {
      byStatus.add(status);
      if (rejection) byReason.add(rejection.code);
    }
    const { canceled = 0, returned = 0 } = this.#applied.toJSON();
    return {
      invoices: this.#invoices,
      placed: this.#orders.size,
      byStatus: byStatus.toJSON(),
      byReason: byReason.toJSON(),
      cancellations: { canceled, returned, unmatched: this.unmatched.toJSON() },
      skipped: this.skipped.toJSON(),
      skippedLines: this.skippedLines.toJSON(),
      failed: this.failed.toJSON(),
      seconds: Number(seconds.toFixed(1)),
      ordersPerSecond: Number((this.#orders.size / Math.max(seconds, 0.001)).toFixed(1)),
    };
  }
}

export interface Report {
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
  /** Invoices that failed, by the API's code. */
  failed: Record<string, number>;
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
    ...line('failed', report.failed),
  ];
}

const line = (title: string, counts: Record<string, number>): string[] => {
  const items = Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([key, count]) => `${key} ${count}`);
  return items.length > 0 ? [`${title}: ${items.join(', ')}`] : [];
};

export const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
