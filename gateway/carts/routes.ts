import { z } from 'zod';
import type { Cart, CartRequests } from '../../activities/cart.ts';
import { Quantity, Sku } from '../../activities/identity.ts';
import type { ProductRequests } from '../../activities/product.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, type Links, route } from '../../platform/http/route.ts';
import { expectedVersion } from '../entity-tag.ts';
import { linksTo } from '../openapi/links.ts';
import { ADDRESS_EXAMPLE } from '../orders/address.ts';
import { type CartPricing, CartView } from './view.ts';
import { MUG } from '../openapi/examples.ts';

const LinePath = z.object({ sku: Sku.meta({ param: { example: MUG.sku } }) });
const ETAG = { ETag: 'the version of the cart' };
const LINE = { sku: '$response.body#/lines/0/sku' };
const UNCHANGED = { 'header.If-Match': '$response.header.ETag' };
const CART: Links = {
  ...linksTo(['setCartLine', 'removeCartLine'], { ...LINE, ...UNCHANGED }),
  ...linksTo(['clearCart'], UNCHANGED),
  placeOrder: {
    requestBody: { fromCart: true, shippingAddress: ADDRESS_EXAMPLE, paymentMethod: 'pm_card_visa' },
  },
};
const IF_MATCH = { 'If-Match': 'the ETag that the change is based on; 412 if the cart has changed since' };

/**
 * Each customer has one cart on all devices. Its path contains no id, so nobody can request the cart of somebody else.
 * Changes need no Idempotency-Key: they set a state, so a repeat changes nothing.
 */
export function cartRoutes(carts: CartRequests, products: ProductRequests, priceCart: CartPricing): AnyRoute[] {
  const reply = async (cart: Cart) => ({ status: 200, body: await priceCart(cart), version: cart.version });
  const versionOf = (customerId: string) => async () => (await carts.getCart({ customerId })).version;

  return [
    route({
      method: 'get',
      path: '/v1/cart',
      operationId: 'readCart',
      summary: 'Read your cart at current prices',
      tag: 'cart',
      access: 'user',
      guests: true,
      headers: { 'If-None-Match': 'the ETag you have; 304 if it is still current' },
      responses: { 200: { description: 'The cart', body: CartView, headers: ETAG, links: CART } },
      handle: async ({ caller }) => reply(await carts.getCart({ customerId: caller!.id })),
    }),

    route({
      method: 'put',
      path: '/v1/cart/lines/:sku',
      operationId: 'setCartLine',
      summary: 'Set the quantity of a product in your cart',
      tag: 'cart',
      access: 'user',
      guests: true,
      params: LinePath,
      body: z.strictObject({ quantity: Quantity }).meta({ examples: [{ quantity: 6 }] }),
      headers: IF_MATCH,
      responses: { 200: { description: 'The changed cart', body: CartView, headers: ETAG, links: CART } },
      problems: { 404: ['ProductNotFound'], 409: ['CartFull', 'ProductWithdrawn'], 412: ['PreconditionFailed'] },
      async handle({ params: { sku }, body: { quantity }, caller, header }) {
        const customerId = caller!.id;
        const version = await expectedVersion(header('If-Match'), versionOf(customerId));
        const { sold } = await products.getProduct({ sku });
        if (!sold) throw new Problem(409, 'ProductWithdrawn', `product ${sku} is not sold any more`);
        return reply(await carts.setLine({ customerId, sku, quantity, expectedVersion: version }));
      },
    }),

    route({
      method: 'delete',
      path: '/v1/cart/lines/:sku',
      operationId: 'removeCartLine',
      summary: 'Remove a product from your cart',
      tag: 'cart',
      access: 'user',
      guests: true,
      params: LinePath,
      headers: IF_MATCH,
      responses: { 204: { description: 'The product is not in the cart' } },
      problems: { 412: ['PreconditionFailed'] },
      async handle({ params: { sku }, caller, header }) {
        const customerId = caller!.id;
        const version = await expectedVersion(header('If-Match'), versionOf(customerId));
        await carts.removeLine({ customerId, sku, expectedVersion: version });
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
      guests: true,
      headers: IF_MATCH,
      responses: { 204: { description: 'The cart is empty' } },
      problems: { 412: ['PreconditionFailed'] },
      async handle({ caller, header }) {
        const customerId = caller!.id;
        const version = await expectedVersion(header('If-Match'), versionOf(customerId));
        await carts.clearCart({ customerId, expectedVersion: version });
        return { status: 204 };
      },
    }),
  ];
}
