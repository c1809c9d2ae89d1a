import type { InventoryRequests, Stock } from '../../activities/inventory.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import type { Store } from './fake-services.ts';
import { stockOf } from './gateway-builders.ts';

export function fakeInventory({
  stock,
  adjustments,
  listed,
}: Pick<Store, 'stock' | 'adjustments' | 'listed'>): InventoryRequests {
  const find = (sku: string): Stock => stock.get(sku) ?? stockOf({ sku });
  return {
    getStock: async ({ sku }) => find(sku),
    getStocks: async ({ skus }) => ({ items: skus.map(find) }),
    async adjustStock(request) {
      const before = find(request.sku);
      if (adjustments.some(({ adjustmentId }) => adjustmentId === request.adjustmentId)) return before;
      const onHand = before.onHand + request.delta;
      if (onHand < before.reserved) throw new Refusal('InsufficientStock', 'less than the reserved stock');
      adjustments.push(request);
      const after = { ...before, onHand, available: onHand - before.reserved };
      stock.set(request.sku, after);
      return after;
    },
    async listStock(request) {
      listed.push(request);
      if (request.after === 'bad') throw new Refusal('BadCursor', 'not a cursor of this list');
      const items = [...stock.values()];
      return { items: items.slice(0, request.limit), next: items.length > request.limit ? 'c-2' : null };
    },
    async setLowStock({ sku, lowStockAt }) {
      stock.set(sku, { ...find(sku), lowStockAt });
      return find(sku);
    },
    listBooks: async () => ({ items: [], next: null }),
    checkBalances: async () => ({ discrepancies: [] }),
  };
}
