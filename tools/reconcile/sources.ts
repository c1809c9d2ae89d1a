import type { OrderStockTotals } from '../../activities/inventory.ts';
import type { Page, PageRequest } from '../../platform/contract/operation.ts';
import type { OrderSummary } from '../../activities/order.ts';
import type { OrderPaymentTotals } from '../../activities/payment.ts';
import type { Shipment } from '../../activities/shipping.ts';
import type { Account, CarrierItem, ProcessorItem } from './account.ts';

type List<Item> = (request: PageRequest) => Promise<Page<Item>>;

/**
 * The six ledgers and Temporal. Our own ledgers are sorted by ascending order id; the processor's, the carrier's and
 * Temporal's list are in any order.
 */
export interface Sources {
  order: List<OrderSummary>;
  payment: List<OrderPaymentTotals>;
  inventory: List<OrderStockTotals>;
  shipping: List<Shipment>;
  processor: List<ProcessorItem>;
  carrier: List<CarrierItem>;
  /** The ids of the orders whose workflow runs. */
  runningWorkflows(): AsyncIterable<string>;
  /** Whether the order service has stored the order, recorded or not. */
  hasOrder(orderId: string): Promise<boolean>;
  /** Descriptions of the balances that differ from their ledger's entries. */
  checkBalances(): Promise<string[]>;
}

/** Called for each that was read. */
export type ReadingProgress = (what: 'running workflows' | 'orders') => void;

// An order of the real shop has 26 lines: a page of them is about 300 KB.
const PAGE = 200;

/**
 * Yields every account, by ascending order id. Our own ledgers are merged as streams, so that memory does not grow with
 * them. The processor's and the carrier's are not sorted and are kept in memory, about 200 bytes per entry, and so are the
 * ids of the running workflows, about 130 bytes each.
 */
export async function* readAccounts(
  sources: Sources,
  progress: ReadingProgress = () => undefined,
): AsyncGenerator<Account> {
  const [processor, carrier] = await Promise.all([byOrder(sources.processor), byOrder(sources.carrier)]);
  const running = await idsOf(sources.runningWorkflows(), () => progress('running workflows'));
  const externalIds = [...new Set([...processor.keys(), ...carrier.keys(), ...running])].toSorted();
  const orders = new SortedStream('order', pages(sources.order));
  const payments = new SortedStream('payment', pages(sources.payment));
  const stocks = new SortedStream('inventory', pages(sources.inventory));
  const shipments = new SortedStream('shipping', groupedByOrder(pages(sources.shipping)));
  const known = new SortedStream(
    'external',
    externalIds.map((orderId) => ({ orderId })),
  );
  for (;;) {
    const heads = await Promise.all([orders, payments, stocks, shipments, known].map((stream) => stream.head()));
    const orderId = heads.filter((id) => id !== undefined).toSorted()[0];
    if (orderId === undefined) return;
    known.take(orderId);
    const order = orders.take(orderId);
    const workflowRuns = running.has(orderId);
    progress('orders');
    yield {
      orderId,
      order,
      payment: payments.take(orderId),
      stock: stocks.take(orderId),
      shipments: shipments.take(orderId)?.shipments ?? [],
      processor: processor.get(orderId) ?? [],
      carrier: carrier.get(orderId) ?? [],
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

async function byOrder<Item extends { orderId: string }>(list: List<Item>): Promise<Map<string, Item[]>> {
  const items = new Map<string, Item[]>();
  for await (const item of pages(list)) {
    const same = items.get(item.orderId);
    if (same) same.push(item);
    else items.set(item.orderId, [item]);
  }
  return items;
}

async function idsOf(ids: AsyncIterable<string>, read: () => void): Promise<Set<string>> {
  const all = new Set<string>();
  for await (const id of ids) {
    all.add(id);
    read();
  }
  return all;
}

async function* pages<Item>(list: List<Item>): AsyncGenerator<Item> {
  let after: string | undefined;
  do {
    const page = await list({ limit: PAGE, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
