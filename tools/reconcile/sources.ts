import type { OrderStockBook } from '../../activities/inventory.ts';
import type { Page, PageRequest } from '../../platform/contract/operation.ts';
import type { OrderBook } from '../../activities/order.ts';
import type { OrderPaymentBook } from '../../activities/payment.ts';
import type { Shipment } from '../../activities/shipping.ts';
import type { Account, CarrierItem, ProcessorItem } from './account.ts';

type List<Item> = (request: PageRequest) => Promise<Page<Item>>;

/** Where the six ledgers are read. Our own list by ascending order id, the outside world's in whatever order. */
export interface Sources {
  order: List<OrderBook>;
  payment: List<OrderPaymentBook>;
  inventory: List<OrderStockBook>;
  shipping: List<Shipment>;
  processor: List<ProcessorItem>;
  carrier: List<CarrierItem>;
  /** What our ledgers find wrong with their own sums, in words. */
  checkBalances(): Promise<string[]>;
}

// An order of the real shop has 26 lines: a page of them is about 300 KB.
const PAGE = 200;

/**
 * Every account there is, by ascending order id. Our books stream by side by side, so that memory does not grow with
 * them; the processor's and the carrier's ledgers have no such order and are kept, about 200 bytes an entry.
 */
export async function* readAccounts(sources: Sources): AsyncGenerator<Account> {
  const [processor, carrier] = await Promise.all([byOrder(sources.processor), byOrder(sources.carrier)]);
  const outside = [...new Set([...processor.keys(), ...carrier.keys()])].toSorted();
  const orders = new Ascending('order', pages(sources.order));
  const payments = new Ascending('payment', pages(sources.payment));
  const stocks = new Ascending('inventory', pages(sources.inventory));
  const shipments = new Ascending('shipping', pages(sources.shipping));
  const known = new Ascending(
    'outside',
    outside.map((orderId) => ({ orderId })),
  );
  for (;;) {
    const heads = await Promise.all([orders, payments, stocks, shipments, known].map((stream) => stream.head()));
    const orderId = heads.filter((id) => id !== undefined).toSorted()[0];
    if (orderId === undefined) return;
    known.take(orderId);
    yield {
      orderId,
      order: orders.take(orderId),
      payment: payments.take(orderId),
      stock: stocks.take(orderId),
      shipment: shipments.take(orderId),
      processor: processor.get(orderId) ?? [],
      carrier: carrier.get(orderId) ?? [],
    };
  }
}

/** A ledger cannot be compared as it was listed. */
export class BadListing extends Error {
  override readonly name = 'BadListing';
}

/** One stream of books, looked at one ahead. */
class Ascending<Item extends { orderId: string }> {
  readonly #name: string;
  readonly #iterator: AsyncIterator<Item> | Iterator<Item>;
  #next: Item | undefined;
  #ended = false;
  #last = '';

  constructor(name: string, items: AsyncIterable<Item> | Iterable<Item>) {
    this.#name = name;
    this.#iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** The next order's id, or undefined at the end. */
  async head(): Promise<string | undefined> {
    if (!this.#next && !this.#ended) {
      const { value, done } = await this.#iterator.next();
      if (done) this.#ended = true;
      else this.#next = this.#checked(value);
    }
    return this.#next?.orderId;
  }

  /** The next one if it is this order's. */
  take(orderId: string): Item | undefined {
    if (this.#next?.orderId !== orderId) return undefined;
    const taken = this.#next;
    this.#next = undefined;
    return taken;
  }

  #checked(item: Item): Item {
    if (item.orderId <= this.#last) throw new BadListing(`${this.#name} lists ${item.orderId} after ${this.#last}`);
    this.#last = item.orderId;
    return item;
  }
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

async function* pages<Item>(list: List<Item>): AsyncGenerator<Item> {
  let after: string | undefined;
  do {
    const page = await list({ limit: PAGE, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
