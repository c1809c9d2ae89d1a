import { Tally } from '../tally.ts';
import type { PlacedOrder } from './order.ts';
import type { Undoing } from './cancellation.ts';

/** What a replay has done so far. */
export class Summary {
  readonly #orders = new Map<string, PlacedOrder>();
  /** Codes of what the API refused, and `unreachable` where it did not answer: no order, and counted as wrong. */
  readonly failed = new Tally();
  readonly skipped = new Tally();
  readonly skippedLines = new Tally();
  readonly unmatched = new Tally();
  readonly #undone = new Tally<'canceled' | 'returned'>();
  #invoices = 0;

  countInvoice(): void {
    this.#invoices += 1;
  }

  /** The order as it is now, also where it is known from before. */
  order(order: PlacedOrder): void {
    this.#orders.set(order.id, order);
  }

  undone(undoing: Undoing): void {
    if (typeof undoing === 'string') this.#undone.add(undoing);
    else this.unmatched.add(undoing.unmatched);
  }

  report(seconds: number): Report {
    const byStatus = new Tally();
    const byReason = new Tally();
    for (const { status, rejection } of this.#orders.values()) {
      byStatus.add(status);
      if (rejection) byReason.add(rejection.code);
    }
    const { canceled = 0, returned = 0 } = this.#undone.toJSON();
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
  /** Taken up, cancellations included. */
  invoices: number;
  /** Orders there are, whatever became of them. */
  placed: number;
  byStatus: Record<string, number>;
  /** Why orders were rejected. */
  byReason: Record<string, number>;
  cancellations: { canceled: number; returned: number; unmatched: Record<string, number> };
  /** Invoices that cannot be orders. */
  skipped: Record<string, number>;
  /** Lines left out of orders. */
  skippedLines: Record<string, number>;
  /** Invoices that could be orders and are none: the API's codes. */
  failed: Record<string, number>;
  seconds: number;
  ordersPerSecond: number;
}

/** The report for people, a line each. */
export function inLines(report: Report): string[] {
  const { canceled, returned, unmatched } = report.cancellations;
  return [
    `${report.invoices} invoices in ${report.seconds} s: ${report.placed} orders, ${report.ordersPerSecond} orders/s`,
    ...line('orders by status', report.byStatus),
    ...line('rejected because of', report.byReason),
    `cancellations: ${canceled} canceled, ${returned} returned, ${sum(unmatched)} unmatched`,
    ...line('unmatched because of', unmatched),
    ...line('invoices that are no orders', report.skipped),
    ...line('lines left out', report.skippedLines),
    ...line('failed', report.failed),
  ];
}

const line = (title: string, counts: Record<string, number>): string[] => {
  const words = Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([key, count]) => `${key} ${count}`);
  return words.length > 0 ? [`${title}: ${words.join(', ')}`] : [];
};

export const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
