import type { ShippingAddress } from '../../../activities/address.ts';
import type { StockLine } from '../../../activities/identity.ts';
import { type OrderReference, type Template, lineItems, nameOf } from './layout.ts';

interface Change {
  canceledLines?: StockLine[] | undefined;
  shippingAddress?: ShippingAddress | undefined;
}

/** Whether a change concerns the customer. That an order travels in other parcels than before does not. */
export const concernsCustomer = ({ canceledLines, shippingAddress }: Change): boolean =>
  canceledLines !== undefined || shippingAddress !== undefined;

export const changed: Template<OrderReference & Change> = (
  { canceledLines = [], shippingAddress, ...order },
  productNames,
) => ({
  subject: 'Your order has changed',
  paragraphs: [
    canceledLines.length > 0
      ? `These pieces of your order ${nameOf(order)} are not sent, and you do not pay for them:`
      : `Your order ${nameOf(order)} has changed.`,
    ...(shippingAddress ? [`It now goes to: ${addressInWords(shippingAddress)}.`] : []),
    'If you did not expect this, please tell us.',
  ],
  list: lineItems(canceledLines, productNames),
});

const addressInWords = ({ name, line1, line2, city, postalCode, country }: ShippingAddress): string =>
  [name, line1, line2, city, postalCode, country].filter(Boolean).join(', ');
