import type { Cart, CartRequests } from '../../activities/cart.ts';
import type { StockLine } from '../../activities/identity.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

/** The cart service in memory. */
export function fakeCarts({ carts }: { carts: Map<string, Cart> }): CartRequests {
  const cartOf = (customerId: string): Cart => carts.get(customerId) ?? { lines: [], version: 0 };
  const change = (
    { customerId, expectedVersion }: { customerId: string; expectedVersion?: number | undefined },
    alter: (lines: StockLine[]) => StockLine[],
  ): Cart => {
    const { lines, version } = cartOf(customerId);
    if (expectedVersion !== undefined && expectedVersion !== version) throw new Refusal('VersionConflict', 'too late');
    const cart = { lines: alter(lines), version: version + 1 };
    carts.set(customerId, cart);
    return cart;
  };
  return {
    getCart: async ({ customerId }) => cartOf(customerId),
    setLine: async ({ sku, quantity, ...request }) =>
      change(request, (lines) => {
        if (lines.length >= 2_000) throw new Refusal('CartFull', 'a cart holds 2000 lines');
        const others = lines.filter((line) => line.sku !== sku);
        return [...others, { sku, quantity }];
      }),
    removeLine: async ({ sku, ...request }) => change(request, (lines) => lines.filter((line) => line.sku !== sku)),
    clearCart: async (request) => change(request, () => []),
  };
}
