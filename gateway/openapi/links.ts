import type { Links } from '../../platform/http/route.ts';

/** All of these operations, that take the same from an answer: `{ orderId: '$response.body#/id' }`. */
export const linksTo = (operationIds: readonly string[], parameters: Record<string, string>): Links =>
  Object.fromEntries(operationIds.map((operationId) => [operationId, { parameters }]));

/** What may be done with a product, whose SKU an answer has at this place. */
export const productLinks = (place: string): Links =>
  linksTo(
    [
      'readProduct',
      'changeProduct',
      'recommendForProduct',
      'readStock',
      'adjustStock',
      'setCartLine',
      'removeCartLine',
    ],
    { sku: `$response.body#${place}` },
  );

/** What may be done with an order, whose id an answer has at this place. */
export const orderLinks = (place: string): Links =>
  linksTo(['readOrder', 'readHistory', 'followOrder', 'cancelOrder', 'askReturn', 'listReturns'], {
    orderId: `$response.body#${place}`,
  });
