import { randomUUID } from 'node:crypto';
import type { PlacedOrder } from './peers/order.ts';

export interface Goods {
  sku: string;
  name: string;
  unitPrice: { amountMinor: number; currency: string };
}

// So many that 64 concurrent orders seldom share a SKU, so few that some do.
const ASSORTMENT = 500;

/** The products, the same for every system. */
export const GOODS: readonly Goods[] = Array.from({ length: ASSORTMENT }, (_, index) => ({
  sku: `BENCH-${String(index).padStart(3, '0')}`,
  name: `Bench goods ${index}`,
  unitPrice: { amountMinor: 250 + ((index * 37) % 4_000), currency: 'GBP' },
}));

/** A product of which there is no stock. */
export const SOLD_OUT: Goods = {
  sku: 'BENCH-SOLD-OUT',
  name: 'Bench goods, sold out',
  unitPrice: { amountMinor: 999, currency: 'GBP' },
};

/** `spread`: the orders cover the whole assortment. `flash`: all are for the same two SKUs. */
export type Sale = 'spread' | 'flash';

/**
 * The order definition: two lines, a valid card and a valid address. Apart from ids, the series is the same for every
 * system and every round.
 */
export function orderSeries(customerId: string, sale: Sale = 'spread'): () => PlacedOrder {
  let number = 0;
  return () => {
    number += 1;
    const first = sale === 'flash' ? 0 : (number * 7) % ASSORTMENT;
    // Both lines cover the whole assortment and never have the same SKU.
    const lines = [line(first, 1 + (number % 3)), line((first + 101) % ASSORTMENT, 1)];
    const amountMinor = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amountMinor, 0);
    return {
      orderId: randomUUID(),
      customerId,
      lines,
      total: { amountMinor, currency: 'GBP' },
      paymentMethod: 'pm_card_visa',
      shippingAddress: {
        name: 'Ada Lovelace',
        line1: '12 High Street',
        city: 'London',
        postalCode: 'N1 9GU',
        country: 'GB',
      },
    };
  };
}

const line = (index: number, quantity: number) => ({ ...GOODS[index]!, quantity });

/** What the load generator and every ledger count. */
export interface Totals {
  orders: number;
  pieces: number;
  amountMinor: number;
  /** Pieces of each SKU that was ordered. */
  piecesOf: Map<string, number>;
}

export const nothing = (): Totals => ({ orders: 0, pieces: 0, amountMinor: 0, piecesOf: new Map() });

export const totalsOf = ({ lines, total }: PlacedOrder): Totals => ({
  orders: 1,
  pieces: lines.reduce((sum, { quantity }) => sum + quantity, 0),
  amountMinor: total.amountMinor,
  piecesOf: new Map(lines.map(({ sku, quantity }) => [sku, quantity])),
});

export function add(totals: Totals, more: Totals, sign: 1 | -1 = 1): void {
  totals.orders += sign * more.orders;
  totals.pieces += sign * more.pieces;
  totals.amountMinor += sign * more.amountMinor;
  for (const [sku, pieces] of more.piecesOf) {
    totals.piecesOf.set(sku, (totals.piecesOf.get(sku) ?? 0) + sign * pieces);
  }
}
