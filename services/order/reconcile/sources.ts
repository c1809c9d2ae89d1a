import type { OrderStockTotals } from '../../../activities/inventory.ts';
import type { Page, PageRequest } from '../../../platform/contract/operation.ts';
import type { OrderSummary } from '../../../activities/order.ts';
import type { OrderPaymentTotals } from '../../../activities/payment.ts';
import type { Shipment } from '../../../activities/shipping.ts';
import { encodeCursor } from '../../../platform/database/cursor.ts';
import type { Account } from './account.ts';
import { type OutsideProgress, type OutsideSources, OutsideWindow, pages } from './outside-window.ts';

type List<Item> = (request: PageRequest) => Promise<Page<Item>>;

/**
 * The six ledgers and Temporal. Our own ledgers are sorted by ascending order id, and their cursors are those of
 * `encodeCursor([orderId])`; the processor's, the carrier's and Temporal's list are in any order.
 */
export interface Sources extends OutsideSources {
  order: List<OrderSummary>;
  payment: List<OrderPaymentTotals>;
  inventory: List<OrderStockTotals>;
  shipping: List<Shipment>;
  /** Whether the workflow of this order runs. */
  workflowRuns(orderId: string): Promise<boolean>;
  /** Whether the order service has stored the order, recorded or not. */
  hasOrder(orderId: string): Promise<boolean>;
  /** Descriptions of the balances that differ from their ledger's entries. */
  checkBalances(): Promise<string[]>;
}

/** Called for each that was read. It may throw, which ends the reading. */
export type ReadingProgress = (what: Parameters<OutsideProgress>[0] | 'orders') => void;

export interface ReadingOptions {
  progress?: ReadingProgress | undefined;
  /** How many entries of what is outside to keep in memory. */
  windowEntries?: number | undefined;
}

// An order of the real shop has 26 lines: a page of them is about 300 KB.
const PAGE = 200;

/**
 * Yields every account, by ascending order id. Our own ledgers are merged as streams, and what is outside is read in
 * parts, so that memory does not grow with them.
 */
export async function* readAccounts(
  sources: Sources,
  { progress = () => undefined, windowEntries }: ReadingOptions = {},
): AsyncGenerator<Account> {
  const orders = new SortedStream('order', pages(sources.order, PAGE));
  const payments = new SortedStream('payment', pages(sources.payment, PAGE));
  const stocks = new SortedStream('inventory', pages(sources.inventory, PAGE));
  const shipments = new SortedStream('shipping', groupedByOrder(pages(sources.shipping, PAGE)));
  const readOutside = async (after?: string) => {
    const window = await OutsideWindow.read(sources, { after, entries: windowEntries, progress });
    const orderIds = window.orderIds().map((orderId) => ({ orderId }));
    return { window, known: new SortedStream('external', orderIds) };
  };
  let outside = await readOutside();
  for (;;) {
    const streams = [orders, payments, stocks, shipments, outside.known];
    const heads = await Promise.all(streams.map((stream) => stream.head()));
    const orderId = heads.filter((id) => id !== undefined).toSorted()[0];
    const { upTo } = outside.window;
    if (upTo !== undefined && (orderId === undefined || orderId > upTo)) {
      outside = await readOutside(upTo);
      continue;
    }
    if (orderId === undefined) return;
    outside.known.take(orderId);
    const order = orders.take(orderId);
    const { processor, carrier, workflowRuns } = outside.window.of(orderId);
    progress('orders');
    yield {
      orderId,
      order,
      payment: payments.take(orderId),
      stock: stocks.take(orderId),
      shipments: shipments.take(orderId)?.shipments ?? [],
      processor,
      carrier,
      workflowRuns,
      // There are few: a workflow records its order first of all.
      draft: !order && workflowRuns && (await sources.hasOrder(orderId)),
    };
  }
}

/** A ledger was not listed by ascending order id, so it cannot be merged. */
export class UnsortedLedger extends Error {
  override readonly name = 'UnsortedLedger';
}

/** A sorted stream that reads one entry ahead. */
class SortedStream<Item extends { orderId: string }> {
  readonly #name: string;
  readonly #iterator: AsyncIterator<Item> | Iterator<Item>;
  #next: Item | undefined;
  #ended = false;
  #last = '';

  constructor(name: string, items: AsyncIterable<Item> | Iterable<Item>) {
    this.#name = name;
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** The order id of the next entry, or undefined at the end. */
  async head(): Promise<string | undefined> {
    if (!this.#next && !this.#ended) {
      const { value, done } = await this.#iterator.next();
      if (done) this.#ended = true;
      else this.#next = this.#checked(value);
    }
    return this.#next?.orderId;
  }

  /** Removes and returns the next entry if it belongs to this order. */
  take(orderId: string): Item | undefined {
    if (this.#next?.orderId !== orderId) return undefined;
    const taken = this.#next;
    this.#next = undefined;
    return taken;
  }

  #checked(item: Item): Item {
    if (item.orderId <= this.#last)
      throw new UnsortedLedger(`the ${this.#name} ledger is not sorted: it lists ${item.orderId} after ${this.#last}`);
    this.#last = item.orderId;
    return item;
  }
}

/** The accounts of these orders only, each read by itself. Orders of which nothing is known are left out. */
export async function* readEach(
  sources: Sources,
  orderIds: Iterable<string>,
  { progress = () => undefined }: ReadingOptions = {},
): AsyncGenerator<Account> {
  for (const orderId of orderIds) {
    progress('orders');
    yield* readAccounts(onlyOf(sources, orderId));
  }
}

/** The same sources, reduced to one order. */
function onlyOf(sources: Sources, orderId: string): Sources {
  const own =
    <Item extends { orderId: string }>(list: List<Item>): List<Item> =>
    async () => {
      const { items } = await list({ limit: 1, ...cursorBefore(orderId) });
      return { items: items.filter((item) => item.orderId === orderId), next: null };
    };
  const { processor, carrier } = sources;
  return {
    ...sources,
    order: own(sources.order),
    payment: own(sources.payment),
    inventory: own(sources.inventory),
    shipping: own(sources.shipping),
    processor: processor && ((request) => processor({ ...request, orderId })),
    carrier: carrier && ((request) => carrier({ ...request, orderId })),
    async *runningWorkflows() {
      if (await sources.workflowRuns(orderId)) yield orderId;
    },
  };
}

/** Where a list that is sorted by order id goes on with this order. An id that is no UUID is in none of ours. */
function cursorBefore(orderId: string): Pick<PageRequest, 'after'> {
  const digits = orderId.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(digits)) return { after: encodeCursor([LAST]) };
  if (/^0*$/.test(digits)) return {};
  const before = (BigInt(`0x${digits}`) - 1n).toString(16).padStart(32, '0');
  return { after: encodeCursor([before.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')]) };
}

/** Sorts after every order id: RFC 9562's max UUID. */
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The shipments of each order. */
async function* groupedByOrder(
  all: AsyncIterable<Shipment>,
): AsyncGenerator<{ orderId: string; shipments: Shipment[] }> {
  let group: { orderId: string; shipments: Shipment[] } | undefined;
  for await (const shipment of all) {
    if (group?.orderId === shipment.orderId) group.shipments.push(shipment);
    else {
      if (group) yield group;
      group = { orderId: shipment.orderId, shipments: [shipment] };
    }
  }
  if (group) yield group;
}
