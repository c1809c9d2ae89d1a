import type { Page, PageRequest } from '../../../../platform/contract/operation.ts';
import { decodeId, encodeCursor } from '../../../../platform/database/cursor.ts';
import type { OutsideRequest } from '../../../../services/order/reconcile/outside-window.ts';
import type { Account } from '../../../../services/order/reconcile/account.ts';
import type { CompareOptions } from '../../../../services/order/reconcile/compare.ts';
import type { Sources } from '../../../../services/order/reconcile/sources.ts';
import { STAGES } from './accounts.ts';

export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The same account for another order id. */
export function renamed(account: Account, orderId: string): Account {
  return JSON.parse(JSON.stringify(account).replaceAll(account.orderId, orderId)) as Account;
}

export async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const STAGE_LIST = Object.values(STAGES);
/** `count` orders, each in the next state. */
export const someOrders = (count: number): Account[] =>
  Array.from({ length: count }, (_, n) => renamed(STAGE_LIST[n % STAGE_LIST.length]!(), idOf(n)));

type OfOrder = { orderId: string };

/** Lists the current `items` as our services do, at most three per page. */
const listOf =
  <Item extends OfOrder>(items: () => readonly (Item | undefined)[]) =>
  async ({ after, limit }: PageRequest): Promise<Page<Item>> => {
    const since = after === undefined ? '' : decodeId(after);
    const left = items().filter((item) => item !== undefined && item.orderId > since) as Item[];
    const page = left.slice(0, Math.min(limit, 3));
    return { items: page, next: left.length > page.length ? encodeCursor([page.at(-1)!.orderId]) : null };
  };

/** Lists them as the sandbox does, in any order. */
const outsideListOf =
  <Item extends OfOrder>(items: () => readonly Item[]) =>
  async ({ after, limit, orderId }: OutsideRequest): Promise<Page<Item>> => {
    const all = items().filter((item) => orderId === undefined || item.orderId === orderId);
    const start = Number(after ?? 0);
    const end = start + Math.min(limit, 3);
    return { items: all.slice(start, end), next: end < all.length ? String(end) : null };
  };

/** Six ledgers and a Temporal server that hold these accounts. */
export const sourcesOf = (accounts: () => readonly Account[], balances: string[] = []): Sources => ({
  order: listOf(() => accounts().map(({ order }) => order)),
  payment: listOf(() => accounts().map(({ payment }) => payment)),
  inventory: listOf(() => accounts().map(({ stock }) => stock)),
  // The parcels of one order are on the same page.
  async shipping(request) {
    const ofOrders = listOf(() => accounts().map(({ orderId, shipments }) => ({ orderId, shipments })));
    const { items, next } = await ofOrders(request);
    return { items: items.flatMap(({ shipments }) => shipments), next };
  },
  processor: outsideListOf(() =>
    accounts()
      .flatMap(({ processor }) => processor)
      .toReversed(),
  ),
  carrier: outsideListOf(() =>
    accounts()
      .flatMap(({ carrier }) => carrier)
      .toReversed(),
  ),
  async *runningWorkflows() {
    const running = accounts().filter(({ workflowRuns }) => workflowRuns);
    yield* running.map(({ orderId }) => orderId).toReversed();
  },
  workflowRuns: async (orderId) => accounts().some((account) => account.orderId === orderId && account.workflowRuns),
  hasOrder: async (orderId) => accounts().some((account) => account.orderId === orderId && account.draft),
  checkBalances: async () => balances,
});

export const JUST_AFTER = Date.parse('2026-01-05T09:00:10.000Z');
export const options = (different: Partial<CompareOptions> = {}): CompareOptions => ({
  stuckMs: 15 * 60_000,
  now: () => JUST_AFTER,
  pause: async () => undefined,
  ...different,
});
