import { Quantity } from '../../activities/identity.ts';
import type { Schemas } from '../../clients/typescript/index.ts';
import type { Invoice } from '../shop/shop.ts';

/** An order as the API returns it. */
export type PlacedOrder = Schemas['Order'];

/** The request that places an invoice's order: always the same for the same invoice. */
export type OrderRequest = Schemas['PlaceOrder'];

/** Why an invoice cannot be an order. */
export type Unorderable = 'noUsableLine' | 'over2000Lines';

// The API's limit.
const MAX_LINES = 2000;
const PAYMENT_METHOD = 'pm_card_visa';

/** An invoice's order. Lines with more pieces than the API allows are left out and counted in `tooLarge`. */
export function orderOf(
  invoice: Invoice,
  name: string,
): { request: OrderRequest; tooLarge: number } | { reason: Unorderable; tooLarge: number } {
  const lines = invoice.lines.filter(({ quantity }) => Quantity.safeParse(quantity).success);
  const tooLarge = invoice.lines.length - lines.length;
  if (lines.length === 0) return { reason: 'noUsableLine', tooLarge };
  if (lines.length > MAX_LINES) return { reason: 'over2000Lines', tooLarge };
  return {
    request: { lines, shippingAddress: addressIn(invoice.country, name), paymentMethod: PAYMENT_METHOD },
    tooLarge,
  };
}

/** The file contains only the country; the rest is made up, and always the same. */
const addressIn = (country: string, name: string): OrderRequest['shippingAddress'] => ({
  name,
  line1: '1 High Street',
  city: country === 'GB' ? 'London' : 'Old Town',
  postalCode: country === 'GB' ? 'EC1A 1BB' : '10115',
  country,
});
