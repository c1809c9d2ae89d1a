import type { Page, PageRequest } from '../../platform/contract/operation.ts';
import type { Account } from '../../tools/reconcile/account.ts';
import type { CompareOptions } from '../../tools/reconcile/compare.ts';
import type { Sources } from '../../tools/reconcile/sources.ts';
import { STAGES } from './accounts.ts';

export const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** The same account for another order id. */
export function renamed(account: Account, orderId: string): Account {
  return JSON.parse(JSON.stringify(account).replaceAll(account.orderId, orderId)) as Account;
}

export const STAGE_LIST = Object.values(STAGES);
/** `count` orders, each in the next state. */
export const someOrders = (count: number): Account[] =>
  Array.from({ length: count }, (_, n) => renamed(STAGE_LIST[n % STAGE_LIST.length]!(), idOf(n)));

/** Lists the current `items`, at most three per page. */
const listOf =
  <Item>(items: () => readonly (Item | undefined)[]) =>
  async ({ after, limit }: PageRequest): Promise<Page<Item>> => {
    const all = items().filter((item) => item !== undefined);
    const start = Number(after ?? 0);
    const end = start + Math.min(limit, 3);
    return { items: all.slice(start, end), next: end < all.length ? String(end) : null };
  };

/** Six ledgers and a Temporal server that hold these accounts. */
export const sourcesOf = (accounts: () => readonly Account[], balances: string[] = []): Sources => ({
  order: listOf(() => accounts().map(({ order }) => order)),
  payment: listOf(() => accounts().map(({ payment }) => payment)),
  inventory: listOf(() => accounts().map(({ stock }) => stock)),
  shipping: listOf(() => accounts().flatMap(({ shipments }) => shipments)),
  processor: listOf(() =>
    accounts()
      .flatMap(({ processor }) => processor)
      .toReversed(),
  ),
  carrier: listOf(() =>
    accounts()
      .flatMap(({ carrier }) => carrier)
      .toReversed(),
  ),
  async *runningWorkflows() {
    const running = accounts().filter(({ workflowRuns }) => workflowRuns);
    yield* running.map(({ orderId }) => orderId).toReversed();
  },
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
