import { z } from 'zod';
import type { Cart, CartRequests } from '../../activities/cart.ts';
import { Quantity, Sku } from '../../activities/identity.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { type AnyRoute, type Links, route } from '../../platform/http/route.ts';
import { ADDRESS_EXAMPLE } from '../orders/address.ts';
import { type CartPricing, CartView } from './view.ts';
import { expectedVersion } from '../entity-tag.ts';
import { linksTo } from '../openapi/links.ts';

const LinePath = z.object({ sku: Sku });
const ETAG = { ETag: 'its state' };
const LINE = { sku: '$response.body#/lines/0/sku' };
const UNCHANGED = { 'header.If-Match': '$response.header.ETag' };
const CART: Links = {
  ...linksTo(['setCartLine', 'removeCartLine'], { ...LINE, ...UNCHANGED }),
  ...linksTo(['clearCart'], UNCHANGED),
  placeOrder: {
    requestBody: { fromCart: true, shippingAddress: ADDRESS_EXAMPLE, paymentMethod: 'pm_card_visa' },
  },
};
const IF_MATCH = { 'If-Match': 'the ETag the change was made on: 412 where the cart has changed since' };

/**
 * One cart a customer, on all devices: its address names nobody, so nobody else's can be asked for. Changes need no
 * Idempotency-Key: they say what is to be, and a repeat finds that it is.
 */
export function cartRoutes(carts: CartRequests, products: ProductRequests, priced: CartPricing): AnyRoute[] {
  const answer = async (cart: Cart) => ({ status: 200, body: await priced(cart), version: cart.version });

  return [
    route({
      method: 'get',
      path: '/v1/cart',
      operationId: 'readCart',
      summary: 'Read your cart, priced now',
      tag: 'cart',
      access: 'user',
      headers: { 'If-None-Match': 'the ETag you have: 304 while it still holds' },
      responses: { 200: { description: 'The cart', body: CartView, headers: ETAG, links: CART } },
      handle: async ({ caller }) => answer(await carts.getCart({ customerId: caller!.id })),
    }),

    route({
      method: 'put',
      path: '/v1/cart/lines/:sku',
      operationId: 'setCartLine',
      summary: 'Put so many pieces of a product into your cart',
      tag: 'cart',
      access: 'user',
      params: LinePath,
      body: z.strictObject({ quantity: Quantity }).meta({ examples: [{ quantity: 6 }] }),
      headers: IF_MATCH,
      responses: { 200: { description: 'The cart as it now is', body: CartView, headers: ETAG, links: CART } },
      problems: { 404: ['ProductNotFound'], 409: ['CartFull'], 412: ['PreconditionFailed'] },
      async handle({ params: { sku }, body: { quantity }, caller, header }) {
        const version = expectedVersion(header('If-Match'));
        await products.getProduct({ sku });
        return answer(await carts.setLine({ customerId: caller!.id, sku, quantity, expectedVersion: version }));
      },
    }),

    route({
      method: 'delete',
      path: '/v1/cart/lines/:sku',
      operationId: 'removeCartLine',
      summary: 'Take a product out of your cart',
      tag: 'cart',
      access: 'user',
      params: LinePath,
      headers: IF_MATCH,
      responses: { 204: { description: 'It is not in the cart, or not any more' } },
      problems: { 412: ['PreconditionFailed'] },
      async handle({ params: { sku }, caller, header }) {
        await carts.removeLine({ customerId: caller!.id, sku, expectedVersion: expectedVersion(header('If-Match')) });
        return { status: 204 };
      },
    }),

    route({
      method: 'delete',
      path: '/v1/cart',
      operationId: 'clearCart',
      summary: 'Empty your cart',
      tag: 'cart',
      access: 'user',
      headers: IF_MATCH,
      responses: { 204: { description: 'It is empty' } },
      problems: { 412: ['PreconditionFailed'] },
      async handle({ caller, header }) {
        await carts.clearCart({ customerId: caller!.id, expectedVersion: expectedVersion(header('If-Match')) });
        return { status: 204 };
      },
    }),
  ];
}
