import type { Client } from '../../clients/typescript/index.ts';
import type { Api } from '../api/client.ts';
import { idempotencyKey } from '../api/idempotency-key.ts';
import { withSession } from '../api/session.ts';
import { typedClient } from '../api/typed-client.ts';
import type { Progress } from '../progress.ts';
import type { RecordRun } from '../record-run.ts';
import type { Customer, ToCustomer } from '../shop/customer.ts';
import { type Match, matchCancellations } from '../shop/matching.ts';
import type { Invoice } from '../shop/shop.ts';
import { applyCancellation } from './cancellation.ts';
import { type PlacedOrder, orderOf } from './order.ts';
import type { Schedule } from './schedule.ts';
import { placeOrder, readOrder } from './orders-api.ts';
import type { Summary } from './summary.ts';

export interface ReplayOptions {
  invoices: readonly Invoice[];
  api: Api;
  admin: () => Promise<Client>;
  deliver: ((customer: Client, order: PlacedOrder) => Promise<PlacedOrder>) | undefined;
  toCustomer: ToCustomer;
  schedule: Schedule;
  progress: Progress;
  run: RecordRun;
  /** Counts what is done, so that it can be reported at any moment. */
  summary: Summary;
}

/**
 * Places each invoice as an order and applies the cancellation invoices, in the order of the file, several at a time.
 * Idempotency keys derive from the invoice, so that a repeated replay, even after a crash, does nothing twice. `run`
 * notes the invoices that failed, and ends the replay early.
 */
export async function replay(options: ReplayOptions): Promise<void> {
  const replaying = new Replay(options);
  await options.run.forEach(
    options.invoices,
    ({ number }) => `invoice ${number}`,
    (invoice) => replaying.take(invoice),
  );
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #matches: Map<Invoice, Match>;
  readonly #placed = new Map<Invoice, PlacedOrder>();
  /** By customer: resolves when all invoices started so far have finished. */
  readonly #queues = new Map<string | undefined, Promise<unknown>>();
  readonly #customers = new Map<string, { customer: Customer; api: Client }>();

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#matches = matchCancellations(options.invoices);
  }

  async take(invoice: Invoice): Promise<void> {
    const before = this.#queues.get(invoice.customerId);
    const work = this.#work(invoice, before);
    // This customer's later cancellations wait for both, whether they succeed or not.
    this.#queues.set(invoice.customerId, Promise.allSettled([before, work]));
    await work;
  }

  async #work(invoice: Invoice, before: Promise<unknown> | undefined): Promise<void> {
    const { schedule, run, summary, progress } = this.#options;
    await schedule(invoice);
    if (run.isOver) return;
    summary.countInvoice();
    try {
      if (!invoice.cancellation) return await this.#place(invoice);
      // A cancellation refers to earlier orders.
      await before;
      await this.#cancel(invoice);
    } finally {
      progress.step(this.#placed.has(invoice) ? 1 : 0);
    }
  }

  async #place(invoice: Invoice): Promise<void> {
    const { summary } = this.#options;
    const { customer, api } = this.#customerOf(invoice);
    const order = orderOf(invoice, customer.name);
    if (order.tooLarge > 0) summary.skippedLines.add('over100000Pieces', order.tooLarge);
    if ('reason' in order) return summary.skipped.add(order.reason);
    const placed = await placeOrder(api, idempotencyKey('invoice', invoice.number), order.request);
    this.#placed.set(invoice, placed);
    summary.setOrder(placed);
  }

  async #cancel(invoice: Invoice): Promise<void> {
    const match = this.#matches.get(invoice)!;
    const placed = 'order' in match ? this.#placed.get(match.order) : undefined;
    const { admin, deliver, summary } = this.#options;
    const { api } = this.#customerOf(invoice);
    summary.addCancellation(await applyCancellation(invoice, match, { customer: api, admin, deliver, placed }));
    if (placed) summary.setOrder(await readOrder(api, placed.id));
  }

  /** Each customer has one client, so that they sign in once. */
  #customerOf({ customerId }: Invoice): { customer: Customer; api: Client } {
    const customer = this.#options.toCustomer(customerId);
    const known = this.#customers.get(customer.email);
    if (known) return known;
    const made = { customer, api: typedClient(withSession(this.#options.api, customer)) };
    this.#customers.set(customer.email, made);
    return made;
  }
}
