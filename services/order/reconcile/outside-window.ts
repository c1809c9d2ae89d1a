import type { Page, PageRequest } from '../../../platform/contract/operation.ts';
import type { CarrierItem, ProcessorItem } from './account.ts';

/** The request of a ledger outside of the platform; with `orderId` for the entries of one order only. */
export type OutsideRequest = PageRequest & { orderId?: string | undefined };
export type OutsideLedger<Item> = (request: OutsideRequest) => Promise<Page<Item>>;

/** What is outside of our own ledgers, in any order. An absent ledger cannot be read, and is not compared. */
export interface OutsideSources {
  processor?: OutsideLedger<ProcessorItem> | undefined;
  carrier?: OutsideLedger<CarrierItem> | undefined;
  /** The ids of the orders whose workflow runs. */
  runningWorkflows(): AsyncIterable<string>;
}

/** What is outside about one order. */
export interface Outside {
  processor: readonly ProcessorItem[];
  carrier: readonly CarrierItem[];
  workflowRuns: boolean;
}

type Entry = { kind: 'processor'; item: ProcessorItem } | { kind: 'carrier'; item: CarrierItem } | { kind: 'workflow' };

/** Called for each entry that was read. */
export type OutsideProgress = (what: 'running workflows' | 'ledger entries') => void;

const NOTHING: Outside = { processor: [], carrier: [], workflowRuns: false };
// An entry is about 200 bytes, and half as many again may come in before the rest is dropped: 150 MB.
const WINDOW_ENTRIES = 500_000;
const SLACK = 1.5;
export const OUTSIDE_PAGE = 200;

/**
 * A part of what is outside, by order: of the orders with the smallest ids after the last part, as many as fit. The
 * ledgers are in no order that helps, so that each part reads all of them; where everything fits into one, they are read
 * once.
 */
export class OutsideWindow {
  readonly #entries = new Map<string, Entry[]>();
  readonly #limit: number;
  readonly #after: string;
  #count = 0;
  #upTo: string | undefined;

  private constructor({ after = '', limit }: { after: string | undefined; limit: number }) {
    this.#after = after;
    this.#limit = limit;
  }

  static async read(
    sources: OutsideSources,
    options: { after?: string | undefined; entries?: number | undefined; progress: OutsideProgress },
  ): Promise<OutsideWindow> {
    const { after, entries: limit = WINDOW_ENTRIES, progress } = options;
    const window = new OutsideWindow({ after, limit });
    const addAll = async <Item extends { orderId: string }>(
      list: OutsideLedger<Item> | undefined,
      entryOf: (item: Item) => Entry,
    ) => {
      if (!list) return;
      for await (const item of pages(list, OUTSIDE_PAGE)) {
        window.#add(item.orderId, entryOf(item));
        progress('ledger entries');
      }
    };
    await Promise.all([
      addAll(sources.processor, (item) => ({ kind: 'processor', item })),
      addAll(sources.carrier, (item) => ({ kind: 'carrier', item })),
    ]);
    for await (const orderId of sources.runningWorkflows()) {
      window.#add(orderId, { kind: 'workflow' });
      progress('running workflows');
    }
    return window;
  }

  /** The last order that this part is complete for; undefined if there is none after it. */
  get upTo(): string | undefined {
    return this.#upTo;
  }

  /** The orders of this part, by ascending id. */
  orderIds(): string[] {
    return [...this.#entries.keys()].toSorted();
  }

  of(orderId: string): Outside {
    const entries = this.#entries.get(orderId);
    if (!entries) return NOTHING;
    return {
      processor: entries.flatMap((entry) => (entry.kind === 'processor' ? [entry.item] : [])),
      carrier: entries.flatMap((entry) => (entry.kind === 'carrier' ? [entry.item] : [])),
      workflowRuns: entries.some(({ kind }) => kind === 'workflow'),
    };
  }

  #add(orderId: string, entry: Entry): void {
    if (orderId <= this.#after || (this.#upTo !== undefined && orderId > this.#upTo)) return;
    const same = this.#entries.get(orderId);
    if (same) same.push(entry);
    else this.#entries.set(orderId, [entry]);
    this.#count += 1;
    if (this.#count > this.#limit * SLACK) this.#shrink();
  }

  /** Drops the orders with the largest ids; they belong to a later part. */
  #shrink(): void {
    const orderIds = this.orderIds();
    let kept = 0;
    let count = 0;
    // At least one order, however many entries it has.
    do count += this.#entries.get(orderIds[kept++]!)!.length;
    while (kept < orderIds.length && count + this.#entries.get(orderIds[kept]!)!.length <= this.#limit);
    for (const orderId of orderIds.slice(kept)) this.#entries.delete(orderId);
    this.#upTo = orderIds[kept - 1];
    this.#count = count;
  }
}

/** All items of a list, page by page. */
export async function* pages<Item>(
  list: (request: PageRequest) => Promise<Page<Item>>,
  limit: number,
): AsyncGenerator<Item> {
  let after: string | undefined;
  do {
    const page = await list({ limit, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next ?? undefined;
  } while (after !== undefined);
}
