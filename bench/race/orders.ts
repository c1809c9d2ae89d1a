import { randomUUID } from 'node:crypto';
import type { PlacedOrder } from './peers/order.ts';

export interface Goods {
  sku: string;
  name: string;
  unitPrice: { amountMinor: number; currency: string };
}

// Enough that 64 orders at a time seldom want the same shelf, few enough that some do.
const ASSORTMENT = 500;

/** What is sold, by every system alike. */
export const GOODS: readonly Goods[] = Array.from({ length: ASSORTMENT }, (_, index) => ({
  sku: `BENCH-${String(index).padStart(3, '0')}`,
  name: `Bench goods ${index}`,
  unitPrice: { amountMinor: 250 + ((index * 37) % 4_000), currency: 'GBP' },
}));

/**
 * The one order definition: two lines, a card that pays and an address that exists. The same series for every system
 * and every round, its ids aside.
 */
export function orderSeries(customerId: string): () => PlacedOrder {
  let number = 0;
  return () => {
    number += 1;
    // Steps of two primes: both lines wander over the whole assortment and never meet.
    const lines = [line((number * 7) % ASSORTMENT, 1 + (number % 3)), line((number * 7 + 101) % ASSORTMENT, 1)];
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

/** Orders as they are counted: by the load generator, and by every ledger. */
export interface Totals {
  orders: number;
  pieces: number;
  amountMinor: number;
}

export const nothing = (): Totals => ({ orders: 0, pieces: 0, amountMinor: 0 });

export const totalsOf = ({ lines, total }: PlacedOrder): Totals => ({
  orders: 1,
  pieces: lines.reduce((sum, { quantity }) => sum + quantity, 0),
  amountMinor: total.amountMinor,
});

export function add(totals: Totals, more: Totals): void {
  totals.orders += more.orders;
  totals.pieces += more.pieces;
  totals.amountMinor += more.amountMinor;
}
