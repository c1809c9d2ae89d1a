import { Quantity } from '../../activities/identity.ts';
import type { Schemas } from '../../clients/typescript/index.ts';
import type { Invoice } from '../shop/shop.ts';

/** An order as the API shows it. */
export type PlacedOrder = Schemas['Order'];

/** What is sent to place an invoice's order: the same for the same invoice, whenever it is sent. */
export type OrderRequest = Schemas['PlaceOrder'];

/** Why an invoice cannot be an order. */
export type Unorderable = 'noUsableLine' | 'over2000Lines';

// What the API takes: more is answered 400.
const MOST_LINES = 2000;
const PAYMENT_METHOD = 'pm_card_visa';

/** The order an invoice makes. `tooLarge` counts its lines of more pieces than a line may have: they are left out. */
export function orderOf(
  invoice: Invoice,
  name: string,
): { request: OrderRequest; tooLarge: number } | { reason: Unorderable; tooLarge: number } {
  const lines = invoice.lines.filter(({ quantity }) => Quantity.safeParse(quantity).success);
  const tooLarge = invoice.lines.length - lines.length;
  if (lines.length === 0) return { reason: 'noUsableLine', tooLarge };
  if (lines.length > MOST_LINES) return { reason: 'over2000Lines', tooLarge };
  return {
    request: { lines, shippingAddress: addressIn(invoice.country, name), paymentMethod: PAYMENT_METHOD },
    tooLarge,
  };
}

/** The file knows countries only; the rest is made up, and always the same. */
const addressIn = (country: string, name: string): OrderRequest['shippingAddress'] => ({
  name,
  line1: '1 High Street',
  city: country === 'GB' ? 'London' : 'Old Town',
  postalCode: country === 'GB' ? 'EC1A 1BB' : '10115',
  country,
});
