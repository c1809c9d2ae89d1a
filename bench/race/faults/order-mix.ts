import { randomUUID } from 'node:crypto';
import { GOODS, SOLD_OUT } from '../orders.ts';
import type { PlacedOrder } from '../peers/order.ts';

/** An order, and how it must end where no fault interferes. */
export interface Ordered {
  order: PlacedOrder;
  /** The code with which it must be refused; undefined: it must be confirmed. */
  refusal?: 'CardDeclined' | 'OutOfStock' | 'AddressUndeliverable';
}

// So few that orders of sixteen clients often wait for each other's goods.
const ASSORTMENT = 20;
/** One order in twenty has a declined card, one wants a product without stock, and one has an undeliverable address. */
const EVERY = 20;

/** The series of orders, the same for every system and fault, apart from its ids. */
export function orderMix(customerId: string): () => Ordered {
  let number = 0;
  return () => {
    number += 1;
    const ordinary = ordinaryOrder(number, customerId);
    switch (number % EVERY) {
      case 5:
        return { order: { ...ordinary, paymentMethod: 'pm_card_chargeDeclined' }, refusal: 'CardDeclined' };
      case 10:
        return {
          order: withLines(ordinary, [...ordinary.lines.slice(1), { ...SOLD_OUT, quantity: 1 }]),
          refusal: 'OutOfStock',
        };
      case 15: {
        const shippingAddress = { ...ordinary.shippingAddress, postalCode: UNDELIVERABLE };
        return { order: { ...ordinary, shippingAddress }, refusal: 'AddressUndeliverable' };
      }
      default:
        return { order: ordinary };
    }
  };
}

/** A postal code to which the sandbox carrier does not deliver. */
const UNDELIVERABLE = '00000';

function ordinaryOrder(number: number, customerId: string): PlacedOrder {
  const first = (number * 7) % ASSORTMENT;
  const lines = [first, (first + 3) % ASSORTMENT].map((index) => ({ ...GOODS[index]!, quantity: 1 + (number % 3) }));
  const order = {
    orderId: randomUUID(),
    customerId,
    paymentMethod: 'pm_card_visa',
    shippingAddress: {
      name: 'Ada Lovelace',
      line1: '12 High Street',
      city: 'London',
      postalCode: 'N1 9GU',
      country: 'GB',
    },
  };
  return withLines(order, lines);
}

function withLines(order: Omit<PlacedOrder, 'lines' | 'total'>, lines: PlacedOrder['lines']): PlacedOrder {
  const amountMinor = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice.amountMinor, 0);
  return { ...order, lines, total: { amountMinor, currency: 'GBP' } };
}
